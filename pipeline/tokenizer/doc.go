// Package tokenizer turns text into the token ids of BERT (WordPiece) and RoBERTa (byte-level BPE), id for id as the
// official Rust library "tokenizers" does, from the files that such models come with.
//
// [Load] reads a model folder or one of its files; [Tokenizer.Encode] and [Tokenizer.EncodePair] fill a reusable
// [Encoding]. Once its buffers and word caches are warm, encoding allocates nothing. A Tokenizer is safe for concurrent
// use. [BuildWordPiece] learns a small vocabulary from text, for corpora that come without one.
//
// The Unicode tables are those of the reference, not those of the Go release that builds the package, so ids do not
// change with the toolchain. Text that is not valid UTF-8 is read as Rust's String::from_utf8_lossy reads it: each
// maximal part of a sequence that cannot be completed becomes one U+FFFD.
//
// What it does not do: SentencePiece and Unigram models, offsets, decoding, and the parts of a tokenizer.json that
// neither BERT nor RoBERTa uses; these are refused by name.
package tokenizer

//go:generate go run ./internal/gentables -python python3 -out tables.go
