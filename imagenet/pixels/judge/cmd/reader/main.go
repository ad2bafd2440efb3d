// Program reader fits the reader of package judge to the digits that are for it, and writes its weights to a file:
//
//	go run ./imagenet/pixels/judge/cmd/reader FILE
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/wflowlab/wflowlab/imagenet/pixels/digits"
	"github.com/wflowlab/wflowlab/imagenet/pixels/judge"
	"github.com/wflowlab/wflowlab/wflow/engine"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: reader FILE, the file to write the weights to")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // so that a second interrupt ends the program
	defer stop()
	if err := fit(ctx, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func fit(ctx context.Context, path string) error {
	backend, line, err := engine.Find()
	if err != nil {
		return err
	}
	defer backend.Finalize()
	fmt.Println(line)
	file, err := judge.Fit(ctx, backend, judge.Of(digits.Reader()), judge.Seed, func(step int, loss float64) {
		if step%250 == 0 {
			fmt.Printf("step %d, loss %.3f\n", step, loss)
		}
	})
	if err != nil {
		return err
	}
	return file.WriteFile(path)
}
