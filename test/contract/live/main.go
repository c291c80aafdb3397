// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command live runs the suite of test/contract against an endpoint and prints what it finds as a table:
//
//	KLINK_ENDPOINT=https://api.klink.cloud/api/v1 KLINK_TOKEN=… go run ./test/contract/live
//
// It makes some seventy groups named klink-contract-… in the token's account and deletes them again. It exits
// with 1 when a statement of the page does not hold.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/klink-cloud/klink-operator/test/contract"
)

const callTimeout = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "contract:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, env func(string) string, stdout io.Writer) error {
	flags := flag.NewFlagSet("contract", flag.ContinueOnError)
	settle := flags.Duration("settle", contract.DefaultSettle, "how long reads may lag behind writes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	endpoint, token := env("KLINK_ENDPOINT"), env("KLINK_TOKEN")
	if endpoint == "" || token == "" {
		return errors.New("set KLINK_ENDPOINT (such as https://api.klink.cloud/api/v1) and KLINK_TOKEN")
	}
	client := contract.Client{HTTP: &http.Client{Timeout: callTimeout}, Endpoint: endpoint, Token: token}
	defer client.HTTP.CloseIdleConnections()
	report, err := contract.Run(ctx, client, *settle)
	if err != nil {
		return err
	}
	if err := report.Print(stdout); err != nil {
		return err
	}
	if report.Failed() {
		return errors.New("the endpoint does not keep to the page")
	}
	return nil
}
