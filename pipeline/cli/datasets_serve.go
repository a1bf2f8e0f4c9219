package cli

import (
	"fmt"
	"net"

	"github.com/urfave/cli/v2"

	"github.com/ewtune/ewtune/pipeline"
)

func datasetsServe() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "offer prepared splits to other processes by Arrow Flight",
		ArgsUsage: "DIR",
		Description: "DIR is a prepared folder or holds some. Runs until it is interrupted. Beyond this machine a token is needed.\n\n" +
			"Example:\n  ewtune datasets serve prepared --address 127.0.0.1:8815",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "address", Usage: "host:port to listen on", Value: pipeline.DefaultFlightAddress},
			&cli.StringFlag{Name: "token-file", Usage: "file with the token that clients must send"},
			&cli.StringFlag{Name: "tls-certificate", Usage: "PEM file; turns TLS on"},
			&cli.StringFlag{Name: "tls-key", Usage: "PEM file"},
		},
		Action: serveSplits,
	}
}

func serveSplits(c *cli.Context) error {
	if c.Args().Len() != 1 {
		return fmt.Errorf("serve: %d arguments: name one folder", c.Args().Len())
	}
	token, err := pipeline.ReadToken(c.String("token-file"))
	if err != nil {
		return err
	}
	return pipeline.Serve(c.Context, pipeline.ServeOptions{
		Dir: c.Args().First(), Address: c.String("address"), Token: token,
		Certificate: c.String("tls-certificate"), Key: c.String("tls-key"),
		Ready: func(a net.Addr) { fmt.Fprintf(c.App.Writer, "serving %s on %s\n", c.Args().First(), a) },
	})
}
