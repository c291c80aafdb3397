// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controlplane

import "os/exec"

// Dir is a folder for the files of one run. It goes away with the control plane.
func (cp *ControlPlane) Dir() string { return cp.dir }

// Adopt makes a command that is yet to start die with the control plane at the
// latest, also when the program that started both is killed. Like the control
// plane it is spared the terminal's Ctrl-C.
func (cp *ControlPlane) Adopt(cmd *exec.Cmd) { cmd.SysProcAttr = cp.group.member() }
