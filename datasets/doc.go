// Package datasets reads the text that models are tuned on, row by row: the four GLUE tasks of the paper (SST-2, QNLI,
// QQP, MNLI) in all their column layouts, folders that fairseq binarised, and a user's own CSV, TSV, JSONL or Parquet.
// It also writes a generated corpus of the same four tasks, so that everything can be tried without a download.
//
// It promises that a row's number is its position in the file, that no text is altered on the way, that memory does not
// grow with the file, and that a bad row is an error naming file and line ([RowError]). It does not tokenize; see
// package pipeline. Start at [OpenGLUE], [Open] and [Generate].
package datasets
