package model

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
)

// Stored is one tensor of a safetensors file as it stands there: little-endian bytes of the given type.
type Stored struct {
	Name  string
	DType string // F64, F32, F16, BF16, I64, ...
	Shape []int
	Raw   []byte
}

// widths of the types that safetensors files use, in bytes.
var widths = map[string]int{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}

// ReadSafetensors reads the floating-point tensors of a file as float32, in the order of their bytes. float16 and
// bfloat16 widen exactly, float64 rounds; integer buffers (position_ids) are left out.
func ReadSafetensors(path string) ([]Tensor, error) {
	stored, err := ReadStored(path)
	if err != nil {
		return nil, err
	}
	var tensors []Tensor
	for _, s := range stored {
		if values, ok := s.Float64(); ok {
			tensors = append(tensors, Tensor{Name: s.Name, Shape: s.Shape, Data: narrow(values)})
		}
	}
	return tensors, nil
}

func narrow(values []float64) []float32 {
	data := make([]float32, len(values))
	for i, v := range values {
		data[i] = float32(v)
	}
	return data
}

// Float64 widens a floating-point tensor; ok is false for other types.
func (s Stored) Float64() (values []float64, ok bool) {
	read := floatReader(s.DType)
	if read == nil {
		return nil, false
	}
	width := widths[s.DType]
	values = make([]float64, len(s.Raw)/width)
	for i := range values {
		values[i] = read(s.Raw[i*width:])
	}
	return values, true
}

func floatReader(dtype string) func([]byte) float64 {
	switch dtype {
	case "F64":
		return func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
	case "F32":
		return func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }
	case "BF16":
		return func(b []byte) float64 {
			return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
		}
	case "F16":
		return func(b []byte) float64 { return halfToFloat(binary.LittleEndian.Uint16(b)) }
	}
	return nil
}

// halfToFloat widens an IEEE 754 binary16 number.
func halfToFloat(h uint16) float64 {
	sign := 1.0
	if h>>15 == 1 {
		sign = -1
	}
	exponent, fraction := int(h>>10&31), float64(h&1023)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// Int64 reads a tensor of type I64 or I32; ok is false for other types.
func (s Stored) Int64() (values []int64, ok bool) {
	switch s.DType {
	case "I64":
		for b := s.Raw; len(b) > 0; b = b[8:] {
			values = append(values, int64(binary.LittleEndian.Uint64(b)))
		}
	case "I32":
		for b := s.Raw; len(b) > 0; b = b[4:] {
			values = append(values, int64(int32(binary.LittleEndian.Uint32(b))))
		}
	default:
		return nil, false
	}
	return values, true
}

// ReadStored reads a whole safetensors file, checking every length before it is used. Tensors come in the order of
// their bytes.
func ReadStored(path string) ([]Stored, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	tensors, err := parseSafetensors(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return tensors, nil
}

// entry is the header's line on one tensor.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

func parseSafetensors(data []byte) ([]Stored, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("file of %d bytes: too short for a safetensors header", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	if length > uint64(len(data)-8) {
		return nil, fmt.Errorf("header of %d bytes: only %d follow", length, len(data)-8)
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+length], &header); err != nil {
		return nil, fmt.Errorf("safetensors header: %w", err)
	}
	delete(header, "__metadata__")
	return sliceTensors(header, data[8+length:])
}

func sliceTensors(header map[string]json.RawMessage, body []byte) ([]Stored, error) {
	tensors := make([]Stored, 0, len(header))
	starts := map[string]int64{}
	for name, text := range header {
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		if err := e.check(int64(len(body))); err != nil {
			return nil, fmt.Errorf("tensor %s: %w", name, err)
		}
		starts[name] = e.Offsets[0]
		tensors = append(tensors, Stored{Name: name, DType: e.DType, Shape: e.Shape, Raw: body[e.Offsets[0]:e.Offsets[1]]})
	}
	sort.Slice(tensors, func(i, j int) bool {
		a, b := tensors[i], tensors[j]
		if starts[a.Name] != starts[b.Name] {
			return starts[a.Name] < starts[b.Name]
		}
		return a.Name < b.Name
	})
	return tensors, nil
}

func (e entry) check(body int64) error {
	width, ok := widths[e.DType]
	if !ok {
		return fmt.Errorf("dtype %q: not supported", e.DType)
	}
	if e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > body {
		return fmt.Errorf("data_offsets %v: must be increasing and within the %d bytes that follow the header", e.Offsets, body)
	}
	size := int64(width)
	for _, d := range e.Shape {
		if d < 0 || (d > 0 && size > body/int64(d)) {
			return fmt.Errorf("shape %v: exceeds the %d bytes that follow the header", e.Shape, body)
		}
		size *= int64(d)
	}
	if size != e.Offsets[1]-e.Offsets[0] {
		return fmt.Errorf("shape %v of %s: needs %d bytes, data_offsets %v hold %d", e.Shape, e.DType, size, e.Offsets, e.Offsets[1]-e.Offsets[0])
	}
	return nil
}

// WriteSafetensors writes float32 tensors in the given order, under a temporary name that is renamed when the file is
// whole.
func WriteSafetensors(path string, tensors []Tensor) error {
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	size := int64(0)
	for _, t := range tensors {
		if _, twice := header[t.Name]; twice {
			return fmt.Errorf("tensor %s: given twice", t.Name)
		}
		end := size + 4*int64(len(t.Data))
		header[t.Name] = entry{DType: "F32", Shape: t.Shape, Offsets: [2]int64{size, end}}
		size = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	data := make([]byte, 0, 8+int64(len(text))+size)
	data = binary.LittleEndian.AppendUint64(data, uint64(len(text)))
	data = append(data, text...)
	for _, t := range tensors {
		for _, v := range t.Data {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
		}
	}
	return writeFile(path, data)
}
