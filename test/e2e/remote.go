// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"context"
	"encoding/json"
	"fmt"
)

// simulator is the stand-in API, as a user would run it in a cluster. The secret
// with its token is made apart, so that it stands in no output.
const simulator = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: klink-simulator, namespace: ` + ours + `}
spec:
  selector: {matchLabels: {app: klink-simulator}}
  template:
    metadata: {labels: {app: klink-simulator}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: simulator
          image: %s
          imagePullPolicy: IfNotPresent
          args: ["-address=:8080", "-admin-address=:8081", "-token-file=/token/token"]
          readinessProbe: {tcpSocket: {port: 8081}}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts: [{name: token, mountPath: /token, readOnly: true}]
      volumes: [{name: token, secret: {secretName: klink-token}}]
---
apiVersion: v1
kind: Service
metadata: {name: klink-simulator, namespace: ` + ours + `}
spec:
  selector: {app: klink-simulator}
  ports: [{name: api, port: 8080}, {name: admin, port: 8081}]
`

// remote is the account behind the API, seen from behind: by the simulator's admin
// endpoint, through the API server, which every cluster can do.
type remote struct{ *cluster }

// group is a remote group.
type group struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Contacts    []struct {
		Username string `json:"username"`
	} `json:"contacts"`
	ArchivedAt *int64 `json:"archived_at"`
}

// groups are all groups of the account, by name.
func (r *remote) groups(ctx context.Context) (map[string][]group, error) {
	body, err := r.typed.CoreV1().Services(ours).ProxyGet("http", "klink-simulator", "admin", "/_simulator/groups", nil).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the simulator: %w", err)
	}
	var all []group
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, fmt.Errorf("reading the simulator's groups: %w", err)
	}
	byName := map[string][]group{}
	for _, g := range all {
		byName[g.Name] = append(byName[g.Name], g)
	}
	return byName, nil
}

// the is the one remote group of the name. No other number will do.
func (r *remote) the(ctx context.Context, name string) (group, error) {
	all, err := r.groups(ctx)
	if err != nil {
		return group{}, err
	}
	if found := all[name]; len(found) == 1 {
		return found[0], nil
	}
	return group{}, fmt.Errorf("%d remote groups are called %q, want one", len(all[name]), name)
}
