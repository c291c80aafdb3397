// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package apiserver

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/klink-cloud/klink-operator/test/harness/checkout"
)

// readManifests lets the go command see what kubectl reads: otherwise it would
// answer from its cache after a manifest has changed.
func readManifests(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(checkout.Path("config"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		_, err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

const (
	reading = "get list watch"
	writing = "create update patch delete deletecollection"
)

// rights are verbs on a resource in a namespace; "" is the whole cluster.
type rights struct {
	verbs, resource, namespace string
}

func TestRights(t *testing.T) {
	readManifests(t)
	const (
		groups             = "groups.klink.cloud"
		connections        = "connections.klink.cloud"
		clusterConnections = "clusterconnections.klink.cloud"
		secrets            = "secrets"
		leases             = "leases.coordination.k8s.io"
		events             = "events.events.k8s.io"
	)
	for user, tc := range map[string]struct{ may, mayNot []rights }{
		"viewer": {
			may: []rights{{reading, groups, team}, {reading, connections, team}, {"get", groups + "/status", team}},
			mayNot: []rights{
				{writing, groups, team}, {writing, connections, team}, {reading, groups, elsewhere},
			},
		},
		"editor": {
			may: []rights{{reading, groups, team}, {reading, connections, team}, {writing, groups, team}},
			mayNot: []rights{
				{writing, connections, team}, {"update patch", groups + "/status", team}, {writing, groups, elsewhere}, {"restore", groups, team},
			},
		},
		"team-admin": {
			may: []rights{{reading, groups, team}, {writing, groups, team}, {reading, connections, team}, {writing, connections, team}},
			mayNot: []rights{
				{"update patch", groups + "/status", team}, {"update patch", connections + "/status", team}, {"restore", groups, team},
				{writing, connections, elsewhere},
			},
		},
		"admin-everywhere": {
			may:    []rights{{writing, groups, ""}, {writing, connections, ""}},
			mayNot: []rights{{reading, clusterConnections, ""}, {writing, clusterConnections, ""}},
		},
		managerUser: {
			// What it may, test/shipped compares with what it does.
			may: []rights{{"get list watch patch restore", groups, ""}, {"get", secrets, ""}, {"create", leases, operatorNamespace}},
			mayNot: []rights{
				{"list watch create update patch delete", secrets, ""}, {"list watch", secrets, operatorNamespace},
				{"create update delete", groups, ""}, {"create update delete", connections, ""}, {"create update delete", clusterConnections, ""},
				{"create", leases, team}, {"get update", leases, operatorNamespace}, {"list watch", "namespaces", ""}, {"patch", "events", operatorNamespace},
				{"list", "customresourcedefinitions.apiextensions.k8s.io", ""}, {"escalate bind update", "clusterroles.rbac.authorization.k8s.io", ""},
			},
		},
	} {
		t.Run(user, func(t *testing.T) {
			// The roles for people are aggregated a moment after they were applied.
			for _, r := range tc.may {
				if denied := eventuallyAllowed(t, user, r); denied != "" {
					t.Errorf("may not %s %s in %q", denied, r.resource, r.namespace)
				}
			}
			for _, r := range tc.mayNot {
				for verb := range strings.FieldsSeq(r.verbs) {
					if allowed(t.Context(), t, user, verb, r) {
						t.Errorf("may %s %s in %q", verb, r.resource, r.namespace)
					}
				}
			}
		})
	}
}

// TestATeamFindsOutWhatIsWrong: the README's first answer to "What is wrong?" was a command
// for the whole cluster, of which who may read one namespace got refusals alone.
func TestATeamFindsOutWhatIsWrong(t *testing.T) {
	group := "{apiVersion: klink.cloud/v1alpha1, kind: Group, metadata: {name: plaza-hotel, namespace: " + team + "}, spec: {name: Plaza Hotel}}"
	file := filepath.Join(t.TempDir(), "group.yaml")
	if err := os.WriteFile(file, []byte(group), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cluster.Kubectl(t.Context(), "apply", "-f", file); err != nil {
		t.Fatal(err)
	}
	for _, r := range []rights{{reading, "groups.klink.cloud", team}, {"list", "events", team}} {
		if denied := eventuallyAllowed(t, "viewer", r); denied != "" {
			t.Fatalf("may not %s %s", denied, r.resource)
		}
	}
	commands := checkout.Commands(t, "README.md", "## What is wrong?")
	for i, command := range commands {
		command, _, _ = strings.Cut(command, "#")
		if i > 0 && strings.Contains(command, " -A") { // what cluster admins ask, after that
			continue
		}
		args := strings.Fields(strings.ReplaceAll(command, "concierge", team))
		said, err := cluster.Kubectl(t.Context(), append(args[1:], "--as=viewer")...)
		if err != nil || i == 0 && !strings.Contains(said, "plaza-hotel") {
			t.Errorf("%s: %q, %v", command, said, err)
		}
	}
}

// patience is how long a test waits for what has to happen.
const patience = 4 * time.Minute

// eventuallyAllowed waits for the rights and returns the verb that stays denied,
// if one does.
func eventuallyAllowed(t *testing.T, user string, r rights) (denied string) {
	t.Helper()
	for verb := range strings.FieldsSeq(r.verbs) {
		err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
			return allowed(ctx, t, user, verb, r), nil
		})
		if err != nil {
			return verb
		}
	}
	return ""
}

func allowed(ctx context.Context, t *testing.T, user, verb string, r rights) bool {
	t.Helper()
	resource, subresource, _ := strings.Cut(r.resource, "/")
	resource, group, _ := strings.Cut(resource, ".")
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: user,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: verb, Group: group, Resource: resource, Subresource: subresource, Namespace: r.namespace,
		},
	}}
	reply, err := clients.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return reply.Status.Allowed
}
