// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command manager runs the klink-operator: it keeps klink.cloud groups as Group
// objects declare them.
package main

import (
	"flag"
	"fmt"
	"os"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/klink-cloud/klink-operator/internal/manager"
	"github.com/klink-cloud/klink-operator/internal/version"
)

func main() {
	var options manager.Options
	logging := zap.Options{}
	options.BindFlags(flag.CommandLine)
	logging.BindFlags(flag.CommandLine)
	printVersion := flag.Bool("version", false, "Print the version and exit.")
	flag.Parse()
	if *printVersion {
		fmt.Println(version.Version)
		return
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))
	if err := run(options); err != nil {
		ctrl.Log.Error(err, "The manager stopped")
		os.Exit(1)
	}
}

func run(options manager.Options) error {
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the API server: %w", err)
	}
	ctx := ctrl.SetupSignalHandler()
	manager.KeepMemorySmall(ctx)
	m, err := manager.New(ctx, config, options)
	if err != nil {
		return err
	}
	return m.Start(ctx)
}
