// Package model holds BERT and RoBERTa encoders for sequence classification: their configuration and weights in the
// Hugging Face layout, the ways of adapting them (Method), packed batches, and the Gorgonia graph of all of it (Build).
//
// Weights are stored as float32 under their Hugging Face names; nothing here runs a graph. Start with Load or New.
package model
