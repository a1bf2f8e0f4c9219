// Command kernelgen writes the vector code of gpu-trainer/machine/cpu/kernels:
// one set of functions for AVX-512 and one for AVX2, from the same programs; and,
// without -table, the noise of gpu-trainer/dp.
// Run it through `go generate ./gpu-trainer/...`.
package main

import (
	"flag"
	"log"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	table := flag.String("table", "", "output file for the table of the kernels' functions; without it, dp's noise is written")
	flag.Parse()
	ConstraintExpr("amd64")
	if *table == "" {
		noise(false)
		noise(true)
		expandKey()
		counterBlocks()
		Generate()
		return
	}
	for _, u := range []*unit{avx512, avx2} {
		u.tiles()
		u.sumTiles()
		u.squareTiles()
		u.addRows()
		u.addNormedRows()
		u.packs()
		u.maps()
		u.toGrid()
		u.dot()
		u.dotLower()
		u.dropout()
		u.roundHalves()
	}
	vendor()
	pause()
	avx512.updates()
	avx512.bfloat16()
	Generate()
	if err := writeBFloat16(flag.Lookup("out").Value.String()); err != nil {
		log.Fatal(err)
	}
	if err := writeTable(*table); err != nil {
		log.Fatal(err)
	}
}
