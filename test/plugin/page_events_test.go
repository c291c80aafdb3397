// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// spa is a Group that Git declares without an id, as all that the operator has made.
const spa = `apiVersion: klink.cloud/v1alpha1
kind: Group
metadata:
  name: spa
  namespace: concierge
spec:
  name: Spa
`

// events are what happens between the blocks of the page.
func (w *pageWorld) events() map[string]func() {
	return map[string]func(){
		"a pull request": w.pullRequest, "groups made by hand": w.madeByHand,
		"a Group beside one of its name": w.besideANamesake, "a cluster rebuilt from Git": w.rebuilt,
	}
}

func (w *pageWorld) pullRequest() {
	w.world.wantNoWrites() // of the first block
	file := filepath.Join(w.folder, "manifests", "plaza-front-desk.yaml")
	before := readFile(w.T, file)
	after := strings.Replace(before, "Ask before you join.", "Ask Hector before you join.", 1)
	if after == before {
		w.Fatalf("there is no such line in:\n%s", before)
	}
	w.write("plaza-front-desk.yaml", after)
	w.write("spa.yaml", spa+"  contacts:\n  - username: Hector\n")
	kustomization := readFile(w.T, filepath.Join(w.folder, "manifests", "kustomization.yaml"))
	w.write("kustomization.yaml", kustomization+"- spa.yaml\n")
	w.picture()
}

func (w *pageWorld) write(name, text string) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, "manifests", name), []byte(text), 0o600); err != nil {
		w.Fatal(err)
	}
}

func (w *pageWorld) madeByHand() {
	w.world.wantNoWrites() // of diff
	w.world.sim.Seed(simulator.Group{ID: "Hw3kQd0TzYpA1sXe", Name: "Pool", CreatedAt: time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)})
	w.world.sim.Seed(simulator.Group{ID: "Rb8mVn5LcJuF2gKo", Name: "Spa", CreatedAt: time.Date(2024, 5, 2, 8, 0, 0, 0, time.UTC)})
	w.world.listed(2) // the operator, too, has seen them
}

func (w *pageWorld) besideANamesake() {
	w.world.kubectl(spa, "apply", "-f", "-")
	w.world.groups.await("spa", v1alpha1.ReasonNameTaken)
}

// rebuilt is a new cluster that Git has filled: nothing in it knows an id.
func (w *pageWorld) rebuilt() {
	w.world.kubectl("", "delete", "kgrp", "spa", "-n", "concierge")
	w.world.kubectl(spa+"---\n"+strings.ReplaceAll(strings.ReplaceAll(spa, "name: spa", "name: pool"), "Spa", "Pool"), "apply", "-f", "-")
	w.world.groups.await("spa", v1alpha1.ReasonNameTaken)
	w.world.groups.await("pool", v1alpha1.ReasonNameTaken)
}
