// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package security attacks a manager that runs against a real API server, as
// those could of whom docs/threat-model.md speaks: an API that lies, people who
// may write Groups or Connections in one namespace, and those who read the log.
//
// What does not belong here: claims that a test next to the code proves. The
// threat model names those tests.
package security
