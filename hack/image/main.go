// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command image builds a container image of one Go program without a container
// engine: it cross-compiles the program and packs it with root certificates and
// two users. It writes an archive that docker, containerd and kind load, and, when
// asked to, an OCI layout of all platforms; or it pushes them.
//
//	go -C hack/image run . -name klink-operator:dev -archive image.tar ../../cmd/manager
//
// The same sources, version, revision, date and Go make the same digest. The
// Dockerfile makes the same image on a base with an engine. How the program is to
// be run belongs into config/, not here.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// request is what the flags ask for.
type request struct {
	source    string
	reference name.Tag
	platforms []v1.Platform
	stamp     stamp
	archive   string
	layout    string
	push      bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	r, err := parse(args)
	if err != nil {
		return err
	}
	images, err := r.images(ctx, out)
	if err != nil {
		return err
	}
	return r.deliver(ctx, images, out)
}

func parse(args []string) (*request, error) {
	r := &request{}
	var reference, platforms string
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	flags.StringVar(&reference, "name", "", "repository and tag of the image")
	flags.StringVar(&platforms, "platforms", "", "platforms such as linux/amd64, separated by commas; by default Linux on this machine's architecture")
	flags.StringVar(&r.stamp.title, "title", "klink-operator", "what the image is called")
	flags.StringVar(&r.stamp.version, "version", "dev", "version of the program")
	flags.StringVar(&r.stamp.revision, "revision", "", "commit that the program is built from")
	flags.StringVar(&r.archive, "archive", "", "write this machine's image to this `file`, for docker load, ctr images import and kind load")
	flags.StringVar(&r.layout, "layout", "", "write all platforms to this `folder`, as an OCI image layout")
	flags.BoolVar(&r.push, "push", false, "push all platforms, with the credentials of the docker configuration")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() != 1 {
		return nil, errors.New("one folder with a main package is needed")
	}
	r.source = flags.Arg(0)
	var err error
	if r.reference, err = name.NewTag(reference); err != nil {
		return nil, fmt.Errorf("-name: %w", err)
	}
	for platform := range strings.SplitSeq(cmp.Or(platforms, "linux/"+runtime.GOARCH), ",") {
		p, err := v1.ParsePlatform(strings.TrimSpace(platform))
		if err != nil {
			return nil, fmt.Errorf("-platforms: %w", err)
		}
		r.platforms = append(r.platforms, *p)
	}
	r.stamp.date, err = date(os.Getenv("SOURCE_DATE_EPOCH"))
	return r, err
}

// date reads what reproducible builds agree on: the seconds of the sources' last
// change. Without it the image is of no particular time, but still the same.
func date(epoch string) (time.Time, error) {
	seconds, err := strconv.ParseInt(cmp.Or(epoch, "0"), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
