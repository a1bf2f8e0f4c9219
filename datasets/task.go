package datasets

import (
	"fmt"
	"strings"
)

// Task is one classification task of GLUE (Wang et al. 2019): where its text stands in the files and what its labels
// mean.
type Task struct {
	Name    string   // short name in lower case, as flags take it: "sst2"
	Folder  string   // name of the folder in a GLUE download: "SST-2"
	Title   string   // one line for people
	Columns []string // header names of the text: one, or two for a pair
	Label   string   // header name of the label column
	Labels  []string // spelling of each class, indexed by Row.Label; the order is that of the Hugging Face hub
	Metrics []string // GLUE's metrics; the first is the one in tables
	Splits  []Split
	Licence string // of the original text

	labelNamed bool // the user named the label column, so it must be there
}

// Split is one part of a task.
type Split struct {
	Name     string   // "train", "dev", "dev_mismatched", "test", ...
	Files    []string // names to look for in the task's folder, the first that exists is read
	Rows     int      // rows in the original file, 0 where GLUE has none
	Labelled bool
}

// Pair reports whether an example has two texts.
func (t Task) Pair() bool { return len(t.Columns) == 2 }

// LabelOf gives the class that a label's spelling stands for.
func (t Task) LabelOf(spelling string) (int32, error) {
	for class, name := range t.Labels {
		if name == spelling {
			return int32(class), nil
		}
	}
	return 0, fmt.Errorf("label %q: must be one of %s", spelling, strings.Join(t.Labels, ", "))
}

// Split finds a split by name.
func (t Task) Split(name string) (Split, error) {
	known := make([]string, len(t.Splits))
	for i, s := range t.Splits {
		if s.Name == name {
			return s, nil
		}
		known[i] = s.Name
	}
	return Split{}, fmt.Errorf("split %q: %s has %s", name, t.Name, strings.Join(known, ", "))
}

// Tasks lists the four tasks in the order of the paper's tables.
func Tasks() []Task {
	return []Task{sst2(), qnli(), qqp(), mnli()}
}

// TaskByName finds a task by its short name or by its GLUE folder, in any case.
func TaskByName(name string) (Task, error) {
	var known []string
	for _, t := range Tasks() {
		if strings.EqualFold(name, t.Name) || strings.EqualFold(name, t.Folder) {
			return t, nil
		}
		known = append(known, t.Name)
	}
	return Task{}, fmt.Errorf("task %q: must be one of %s", name, strings.Join(known, ", "))
}

func sst2() Task {
	return Task{
		Name: "sst2", Folder: "SST-2", Title: "is a film review's sentence positive or negative",
		Columns: []string{"sentence"}, Label: "label", Labels: []string{"0", "1"}, Metrics: []string{"accuracy"},
		Splits:  splits(67349, 872, 1821),
		Licence: "research use (Stanford Sentiment Treebank)",
	}
}

func qnli() Task {
	return Task{
		Name: "qnli", Folder: "QNLI", Title: "does the sentence answer the question",
		Columns: []string{"question", "sentence"}, Label: "label",
		Labels: []string{"entailment", "not_entailment"}, Metrics: []string{"accuracy"},
		Splits:  splits(104743, 5463, 5463),
		Licence: "CC BY-SA 4.0 (SQuAD)",
	}
}

func qqp() Task {
	return Task{
		Name: "qqp", Folder: "QQP", Title: "do two questions ask the same",
		Columns: []string{"question1", "question2"}, Label: "is_duplicate",
		Labels: []string{"0", "1"}, Metrics: []string{"accuracy", "f1"},
		Splits:  splits(363846, 40430, 390965),
		Licence: "non-commercial use (Quora)",
	}
}

func mnli() Task {
	return Task{
		Name: "mnli", Folder: "MNLI", Title: "does the premise entail, contradict or leave open the hypothesis",
		Columns: []string{"sentence1", "sentence2"}, Label: "gold_label",
		Labels: []string{"entailment", "neutral", "contradiction"}, Metrics: []string{"accuracy"},
		Splits: []Split{
			{Name: "train", Files: []string{"train.tsv", "train.sample.tsv"}, Rows: 392702, Labelled: true},
			{Name: "dev", Files: []string{"dev_matched.tsv"}, Rows: 9815, Labelled: true},
			{Name: "dev_mismatched", Files: []string{"dev_mismatched.tsv"}, Rows: 9832, Labelled: true},
			{Name: "test", Files: []string{"test_matched.tsv"}, Rows: 9796},
			{Name: "test_mismatched", Files: []string{"test_mismatched.tsv"}, Rows: 9847},
			{Name: "holdout", Files: []string{"holdout.sample.tsv"}, Labelled: true},
		},
		Licence: "OANC and others (MultiNLI)",
	}
}

// splits are those of the three tasks with one development set. A sample of the training rows serves where the whole
// file is absent; holdout is the rest of such a sample.
func splits(train, dev, test int) []Split {
	return []Split{
		{Name: "train", Files: []string{"train.tsv", "train.sample.tsv"}, Rows: train, Labelled: true},
		{Name: "dev", Files: []string{"dev.tsv"}, Rows: dev, Labelled: true},
		{Name: "test", Files: []string{"test.tsv", "test.unlabelled.tsv"}, Rows: test},
		{Name: "holdout", Files: []string{"holdout.sample.tsv"}, Labelled: true},
	}
}
