// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package installation

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// right is what a role gives: a verb on what resourcesOf names.
type right struct {
	role, verb, resource string
}

// request is what the audit log says of one of the manager's requests.
type request struct {
	Verb      string `json:"verb"`
	URI       string `json:"requestURI"`
	ObjectRef struct {
		APIGroup    string `json:"apiGroup"`
		Resource    string `json:"resource"`
		Subresource string `json:"subresource"`
	} `json:"objectRef"`
	ResponseStatus struct {
		Code int `json:"code"`
	} `json:"responseStatus"`
	Annotations map[string]string `json:"annotations"`
}

// of is the kind and name of the role by which a request was allowed.
var ofRole = regexp.MustCompile(`of ((?:Cluster)?Role) "([^"]+)"`)

// requestsOf are all that an audit log holds.
func requestsOf(t testing.TB, log string) []request {
	t.Helper()
	file, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var requests []request
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, lines.Text())
		}
		requests = append(requests, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return requests
}

// refused tells whether a request was refused for lack of rights.
func (r *request) refused() bool {
	return r.ResponseStatus.Code == 403 || r.ResponseStatus.Code == 401 || r.Annotations["authorization.k8s.io/decision"] == "forbid"
}

// used is the right by which a request was allowed.
func (r *request) used() right {
	role := ofRole.FindStringSubmatch(r.Annotations["authorization.k8s.io/reason"])
	if role == nil {
		return right{}
	}
	resource := strings.Trim(strings.Join([]string{r.ObjectRef.APIGroup, r.ObjectRef.Resource, r.ObjectRef.Subresource}, "/"), "/")
	return right{role: role[1] + "/" + role[2], verb: r.Verb, resource: resource}
}
