package pipeline

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

// BuildVocabulary learns a WordPiece vocabulary of at most size tokens from the training rows of all tasks that a GLUE
// folder holds, and writes it there as vocab.txt.
func BuildVocabulary(ctx context.Context, dir string, size int) error {
	var failed error
	tokens, err := tokenizer.BuildWordPiece(trainingTexts(ctx, dir, &failed), size)
	if failed != nil {
		return failed
	}
	if err != nil {
		return fmt.Errorf("vocabulary: %w", err)
	}
	return writeFile(filepath.Join(dir, "vocab.txt"), []byte(strings.Join(tokens, "\n")+"\n"))
}

// trainingTexts yields every text of the training splits and stops at the first error.
func trainingTexts(ctx context.Context, dir string, failed *error) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, task := range datasets.Tasks() {
			if _, err := datasets.GLUEPath(dir, task, "train"); err != nil {
				continue
			}
			if *failed = eachText(ctx, dir, task, yield); *failed != nil {
				return
			}
		}
	}
}

func eachText(ctx context.Context, dir string, task datasets.Task, yield func(string) bool) error {
	rows, err := datasets.OpenGLUE(dir, task, "train")
	if err != nil {
		return err
	}
	defer rows.Close()
	for {
		row, err := rows.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, text := range []string{row.A, row.B} {
			if !yield(text) || ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
}
