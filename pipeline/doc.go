// Package pipeline turns text into what the trainer reads, and runs the stages one after the other.
//
// Rows of package datasets are tokenized into Arrow shards with a manifest ([Prepare]), which are read from local files
// ([OpenShards]) or from another host ([OpenSource]). A prepared folder holds one split: manifest.json and
// shard-00000.arrow, shard-00001.arrow, ... of IPC record batches with trainer.Schema. The same input gives the same
// bytes, whatever the number of workers.
package pipeline
