// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Command hello is the smallest program an image is made of in tests.
package main

func main() { println("hello") }
