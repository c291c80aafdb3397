// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package gitops

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// TestArgoCDSync syncs an application in both ways that Argo CD knows, and wants that it
// is in sync whenever it is ready.
func TestArgoCDSync(t *testing.T) {
	t.Parallel()
	for mode, flags := range map[string][]string{
		"client-side": nil,
		"server-side": {"--server-side", "--field-manager=argocd-controller"},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := emptyWorld(t, cluster)
			w.create(w.secret("a-token"))
			w.sim.SetToken("a-token")
			w.start()
			app := &application{T: w.T, world: w, flags: flags}

			// A user who writes what is needed, and nothing else.
			app.sync(`{name: The Plaza}`)
			w.wantRemote("The Plaza", "")
			app.sync(`{name: The Plaza, description: World-renowned., contacts: [{username: Hector}]}`)
			w.wantRemote("The Plaza", "World-renowned.")
			// What is left out is not managed any more, and an empty list is a declaration.
			app.sync(`{name: Plaza, contacts: []}`)
			w.wantRemote("Plaza", "World-renowned.")
			if n := len(w.sim.Groups()[0].Contacts); n != 0 {
				t.Errorf("%d contacts are left", n)
			}
			// A user who spells out every default.
			app.sync(`{name: Plaza, archived: false, adoptionPolicy: Never, managementPolicy: Manage, deletionPolicy: Archive, suspend: false}`)

			w.kubectl(append([]string{"delete"}, "-f", app.file)...)
			if g := w.sim.Groups()[0]; !g.Archived() {
				t.Error("pruning did not archive the remote group")
			}
		})
	}
}

// wantRemote compares the only remote group.
func (w *world) wantRemote(name, description string) {
	w.Helper()
	groups := w.sim.Groups()
	if len(groups) != 1 {
		w.Fatalf("want one remote group, have %+v", groups)
	}
	have := ""
	if groups[0].Description != nil {
		have = *groups[0].Description
	}
	if groups[0].Name != name || have != description {
		w.Errorf("want remote group %q with %q, have %q with %q", name, description, groups[0].Name, have)
	}
}

// application is a Connection and a Group as they stand in git.
type application struct {
	*testing.T

	world *world
	flags []string
	file  string
}

// sync applies the application with this spec of the Group, waits until it is healthy,
// and wants no difference.
func (a *application) sync(spec string) {
	a.Helper()
	a.write(spec)
	if a.difference() == "" {
		a.Error("a change in git is not seen")
	}
	a.world.kubectl(append([]string{"apply", "-f", a.file}, a.flags...)...)
	a.world.await("Connection", "sim", "True", v1alpha1.ReasonConnected)
	a.world.awaitSynced("it")
	if health, message := argoHealth(a.T, a.world.get("Group", "it")); health != healthy {
		a.Errorf("the application is %s: %s", health, message)
	}
	if difference := a.difference(); difference != "" {
		a.Errorf("after a sync the application is out of sync:\n%s", difference)
	}
	for _, kind := range []string{"Connection", "Group"} {
		a.wantNoPatch(kind)
	}
}

// write writes the manifests, with the mark that Argo CD puts on what it tracks.
func (a *application) write(spec string) {
	a.Helper()
	manifests := fmt.Sprintf(`
apiVersion: klink.cloud/v1alpha1
kind: Connection
metadata: {name: sim, namespace: %[1]s, annotations: {argocd.argoproj.io/tracking-id: "app:klink.cloud/Connection:%[1]s/sim"}}
spec: {endpoint: %[2]q, tokenSecretRef: {name: klink-token}, resyncInterval: 10s}
---
apiVersion: klink.cloud/v1alpha1
kind: Group
metadata: {name: it, namespace: %[1]s, annotations: {argocd.argoproj.io/tracking-id: "app:klink.cloud/Group:%[1]s/it"}}
spec: %[3]s
`, a.world.namespace, a.world.sim.URL, strings.Replace(spec, "{", "{connectionRef: {kind: Connection, name: sim}, ", 1))
	a.file = filepath.Join(a.TempDir(), "app.yaml")
	if err := os.WriteFile(a.file, []byte(manifests), 0o600); err != nil {
		a.Fatal(err)
	}
}

// difference is what a sync would change, by a dry run of it.
func (a *application) difference() string {
	a.Helper()
	cmd := a.world.cp.KubectlCommand(a.Context(), append([]string{"diff", "-f", a.file}, a.flags...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return string(out)
	}
	if err != nil {
		a.Fatalf("kubectl diff: %v: %s", err, stderr.String())
	}
	return ""
}

// wantNoPatch compares as Argo CD does: what was applied last, what stands in git, and
// what is in the cluster make up a merge patch, which is to change nothing.
func (a *application) wantNoPatch(kind string) {
	a.Helper()
	name := map[string]string{"Connection": "sim", "Group": "it"}[kind]
	live := a.world.get(kind, name)
	git := a.inGit(kind)
	applied := []byte(live.GetAnnotations()[corev1.LastAppliedConfigAnnotation])
	if len(applied) == 0 {
		applied = git
	}
	have, err := json.Marshal(withoutLastApplied(live).Object)
	if err != nil {
		a.Fatal(err)
	}
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(applied, git, have)
	if err != nil {
		a.Fatal(err)
	}
	if string(patch) != "{}" {
		a.Errorf("%s is out of sync by %s", kind, patch)
	}
}

func withoutLastApplied(u *unstructured.Unstructured) *unstructured.Unstructured {
	u = u.DeepCopy()
	annotations := u.GetAnnotations()
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	u.SetAnnotations(annotations)
	return u
}

// inGit is the manifest of a kind, as JSON.
func (a *application) inGit(kind string) []byte {
	a.Helper()
	text, err := os.ReadFile(a.file)
	if err != nil {
		a.Fatal(err)
	}
	for manifest := range strings.SplitSeq(string(text), "---\n") {
		if strings.Contains(manifest, "\nkind: "+kind+"\n") {
			object, err := yaml.YAMLToJSON([]byte(manifest))
			if err != nil {
				a.Fatal(err)
			}
			return object
		}
	}
	a.Fatalf("there is no %s in git", kind)
	return nil
}

// TestArgoCDTakesTheSettings brings them in by both ways that the page offers.
func TestArgoCDTakesTheSettings(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, cluster)
	settings := &corev1.ConfigMap{Data: map[string]string{"url": "https://argocd.example.com"}}
	settings.APIVersion, settings.Kind, settings.Name, settings.Namespace = "v1", "ConfigMap", "argocd-cm", w.namespace
	w.create(settings)
	want := len(customizations(t)) + len(settings.Data)

	w.kubectl("patch", "configmap", "argocd-cm", "--patch-file="+argoConfig)
	if err := w.api.Get(t.Context(), client.ObjectKeyFromObject(settings), settings); err != nil {
		t.Fatal(err)
	}
	if len(settings.Data) != want {
		t.Errorf("want %d keys, have %d", want, len(settings.Data))
	}

	folder := t.TempDir()
	here, err := filepath.Abs(argoFolder)
	if err != nil {
		t.Fatal(err)
	}
	component, err := filepath.Rel(folder, here)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"argocd-cm.yaml":     "{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-cm}, data: {url: https://argocd.example.com}}",
		"kustomization.yaml": fmt.Sprintf("{namespace: argocd, resources: [argocd-cm.yaml], components: [%q]}", component),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var built corev1.ConfigMap
	if err := yaml.UnmarshalStrict([]byte(w.kubectl("kustomize", folder)), &built); err != nil {
		t.Fatal(err)
	}
	if len(built.Data) != want || built.Namespace != "argocd" {
		t.Errorf("want %d keys in namespace argocd, have %d in %s", want, len(built.Data), built.Namespace)
	}
}
