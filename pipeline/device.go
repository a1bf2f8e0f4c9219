package pipeline

import (
	"os"
	"path/filepath"
	"time"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/machine/opencl"
)

// DeviceTuning lets OpenCL devices search for their fastest products once and keeps what they found in the user's cache folder.
func DeviceTuning() opencl.Tuning {
	t := opencl.Tuning{Now: time.Now}
	if folder, err := os.UserCacheDir(); err == nil {
		t.Folder = filepath.Join(folder, "ewtune")
	}
	return t
}

// engine is how the run's engines compute on this machine.
func (s RunSpec) engine() trainer.EngineOptions {
	o := s.Engine
	o.DeviceTuning = DeviceTuning()
	return o
}
