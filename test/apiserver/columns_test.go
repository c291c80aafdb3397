// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"regexp"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// ready is a Ready condition as an operator would write it.
func ready(reason, message string) []metav1.Condition {
	return []metav1.Condition{{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: reason, Message: message,
		LastTransitionTime: metav1.Now(),
	}}
}

// writeStatus creates an object and writes the status that set gives it.
func writeStatus(t *testing.T, obj client.Object, set func()) {
	t.Helper()
	mustCreate(t, obj)
	set()
	if err := api.Status().Update(t.Context(), obj); err != nil {
		t.Fatal(err)
	}
}

// groupsWithStatus creates two Groups: one bound to an archived remote group
// without members, and one that nobody has looked at.
func groupsWithStatus(t *testing.T, namespace string) {
	t.Helper()
	bound := &v1alpha1.Group{
		ObjectMeta: metav1.ObjectMeta{Name: "bound", Namespace: namespace},
		Spec:       v1alpha1.GroupSpec{Name: "Plaza Hotel"},
	}
	writeStatus(t, bound, func() {
		var none int32
		archived := metav1.Unix(692233200, 0)
		bound.Status = v1alpha1.GroupStatus{
			ID: "l7cGNIBKZiNJ6wqF", ConversationID: "ZYjVAbCE9g5XRlra", RemoteName: "Plaza",
			ContactCount: &none, ArchivedAt: &archived,
			Conditions: ready(v1alpha1.ReasonSynced, "as declared"),
		}
	})
	fresh := object("Group", namespace, nil)
	fresh.SetGenerateName("")
	fresh.SetName("fresh")
	mustCreate(t, fresh)
}

// checkTable fails unless each line of a table matches its pattern, in which a
// space stands for any number of them.
func checkTable(t *testing.T, table string, patterns ...string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if len(lines) != len(patterns) {
		t.Fatalf("want %d lines, got\n%s", len(patterns), table)
	}
	for i, pattern := range patterns {
		line := regexp.MustCompile("^" + strings.ReplaceAll(pattern, " ", " +") + " *$")
		if !line.MatchString(lines[i]) {
			t.Errorf("line %q does not match %q", lines[i], line)
		}
	}
}

func TestGroupColumns(t *testing.T) {
	namespace := newNamespace(t)
	groupsWithStatus(t, namespace)
	checkTable(t, kubectl(t, "get", "kgrp", "-n", namespace),
		`NAME READY REASON ID CONVERSATION CONTACTS ARCHIVED AGE`,
		`bound True Synced l7cGNIBKZiNJ6wqF ZYjVAbCE9g5XRlra 0 \d+y [0-9ms]+`,
		`fresh [0-9ms]+`)
	checkTable(t, kubectl(t, "get", "kgrp", "-n", namespace, "-o", "wide"),
		`NAME READY REASON ID CONVERSATION CONTACTS ARCHIVED AGE REMOTE NAME MESSAGE`,
		`bound True Synced l7cGNIBKZiNJ6wqF ZYjVAbCE9g5XRlra 0 \d+y [0-9ms]+ Plaza as declared`,
		`fresh [0-9ms]+`)
}

func TestConnectionColumns(t *testing.T) {
	namespace := newNamespace(t)
	spec := v1alpha1.ConnectionSpec{TokenSecretRef: v1alpha1.SecretKeyReference{Name: "klink-token"}}
	for resource, obj := range map[string]v1alpha1.ConnectionObject{
		"kconn": &v1alpha1.Connection{
			ObjectMeta: metav1.ObjectMeta{Name: "columns", Namespace: namespace}, Spec: spec},
		"kcconn": &v1alpha1.ClusterConnection{
			ObjectMeta: metav1.ObjectMeta{Name: "columns"}, Spec: v1alpha1.ClusterConnectionSpec{ConnectionSpec: spec}},
	} {
		t.Run(resource, func(t *testing.T) {
			writeStatus(t, obj, func() {
				groups := int32(1200)
				obj.GetConnectionStatus().RemoteGroups = &groups
				obj.SetConditions(ready(v1alpha1.ReasonConnected, "answers"))
			})
			checkTable(t, kubectl(t, "get", resource, "columns", "-n", namespace),
				`NAME READY REASON GROUPS AGE`,
				`columns True Connected 1200 [0-9ms]+`)
			checkTable(t, kubectl(t, "get", resource, "columns", "-n", namespace, "-o", "wide"),
				`NAME READY REASON GROUPS AGE ENDPOINT`,
				`columns True Connected 1200 [0-9ms]+ https://api\.klink\.cloud/api/v1`)
		})
	}
}

// TestSelectByID: users find the Group of a remote id without reading them all.
func TestSelectByID(t *testing.T) {
	namespace := newNamespace(t)
	groupsWithStatus(t, namespace)
	for id, want := range map[string]string{
		"l7cGNIBKZiNJ6wqF": "group.klink.cloud/bound",
		"L7cGNIBKZiNJ6wqF": "",
		"":                 "group.klink.cloud/fresh",
	} {
		got := kubectl(t, "get", "kgrp", "-n", namespace, "-o", "name", "--field-selector", "status.id="+id)
		if strings.TrimSpace(got) != want {
			t.Errorf("status.id=%s selects %q, want %q", id, got, want)
		}
	}
}

// TestCategory: all three kinds are in the category klink.
func TestCategory(t *testing.T) {
	got := strings.Fields(kubectl(t, "api-resources", "--categories", "klink", "-o", "name"))
	for _, want := range []string{"groups.klink.cloud", "connections.klink.cloud", "clusterconnections.klink.cloud"} {
		if !strings.Contains(" "+strings.Join(got, " ")+" ", " "+want+" ") {
			t.Errorf("the category klink is %v, want %s in it", got, want)
		}
	}
}
