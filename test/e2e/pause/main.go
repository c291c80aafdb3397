// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command pause holds the namespaces of a pod until it is told to end. A node
// that cannot pull images needs one of its own.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
}
