// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"strings"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// groupRows are the fields of a Group.
func groupRows() []row {
	return append(identityRows(), append(remoteRows(), policyRows()...)...)
}

// remoteRows are the fields that are written to the remote group.
func remoteRows() []row {
	return []row{
		{path: "name", states: []state{
			{name: "set", value: "Plaza Hotel"},
			{name: "changed", value: "Café ☕ & <Bar>"},
			{name: "emptied", value: `""`, refused: "at least 1 char"},
			{name: "removed", refused: "spec.name: Required value"},
			{name: "blank", value: `" "`, refused: "name must not be blank"},
			{name: "long", value: strings.Repeat("x", 256), refused: "Too long"},
		}},
		{path: "description", states: []state{
			{name: "set", value: "World-renowned."},
			{name: "changed", value: `"  Two lines,\n <em>kept</em> "`},
			{name: "emptied", value: `""`},
			{name: "removed"},
			{name: "long", value: strings.Repeat("x", 16385), refused: "Too long"},
			{name: "number", value: "7", refused: "expected string"},
		}},
		{path: "avatarURL", states: []state{
			{name: "set", value: "https://example.com/a.jpg"},
			{name: "changed", value: "http://example.com/b.jpg?size=2"},
			{name: "emptied", value: `""`},
			{name: "removed"},
			{name: "relative", value: "a.jpg", refused: "absolute http or https URL"},
			{name: "another scheme", value: "ftp://example.com/a.jpg", refused: "absolute http or https URL"},
		}},
		{path: "contacts", states: []state{
			{name: "set", value: "[{username: Hector}, {username: Cedric}]"},
			{name: "changed", value: "[{username: Hester}, {username: Hector}, {username: Hester}]"},
			{name: "emptied", value: "[]"},
			{name: "removed"},
			{name: "without a username", value: "[{}]", refused: "username: Required value"},
			{name: "text", value: "Hector", refused: "expected list"},
		}},
		{path: "contacts[].username", at: "contacts", states: []state{
			{name: "set", value: "[{username: Hector}]"},
			{name: "changed", value: "[{username: hector}]"},
			{name: "emptied", value: `[{username: ""}]`, refused: "at least 1 char"},
			{name: "removed", value: "[{}]", refused: "username: Required value"},
			{name: "blank", value: `[{username: " Hector"}]`, refused: "username must not be blank"},
		}},
		{path: "archived", states: []state{
			{name: "set", value: "true"},
			{name: "changed", value: "false"},
			{name: "removed"},
			{name: "text", value: "maybe", refused: "expected boolean"},
		}},
	}
}

// identityRows are the fields that say what the Group is bound to, and through what.
func identityRows() []row {
	const immutable = "connectionRef is immutable"
	return []row{
		{path: "connectionRef", immutable: immutable, states: []state{
			{name: "set", value: "{kind: Connection, name: main}"},
			{name: "changed", value: "{kind: Connection, name: second}"},
			{name: "emptied", value: "{}", refused: "connectionRef.kind: Required value"},
			{name: "removed"},
			{name: "text", value: "main", refused: "expected map"},
		}},
		{path: "connectionRef.kind", at: "connectionRef", immutable: immutable, states: []state{
			{name: "set", value: "{kind: Connection, name: default}"},
			{name: "changed", value: "{kind: ClusterConnection, name: default}"},
			{name: "emptied", value: `{kind: "", name: default}`, refused: "Unsupported value"},
			{name: "removed", value: "{name: default}", refused: "connectionRef.kind: Required value"},
			{name: "unknown", value: "{kind: Secret, name: default}", refused: "Unsupported value"},
		}},
		{path: "connectionRef.name", immutable: immutable, states: []state{
			{name: "set", value: "main"},
			{name: "changed", value: "second"},
			{name: "nobody's", value: "nowhere", group: v1alpha1.ReasonConnectionNotFound},
			{name: "emptied", value: `""`, refused: "at least 1 char"},
			{name: "removed", refused: "connectionRef.name: Required value"},
			{name: "no name", value: "Main!", refused: "must be the name of an object"},
		}},
		{path: "groupID", immutable: "groupID is immutable once set", states: []state{
			{name: "set", value: "$own", after: map[string]string{"removed": ""}},
			{name: "changed", value: "$other", after: map[string]string{"removed": "groupID must be the id in status.id"}},
			{name: "emptied", value: `""`, refused: "at least 1 char"},
			{name: "removed"},
			{name: "no id", value: "a b", refused: "exactly as the API shows it"},
		}},
	}
}

// policyRows are the fields that say what the operator may do.
func policyRows() []row {
	return []row{
		{path: "adoptionPolicy", states: []state{
			{name: "set", value: "ByName"},
			{name: "changed", value: "Never"},
			{name: "emptied", value: `""`, refused: "Unsupported value"},
			{name: "removed"},
			{name: "unknown", value: "Always", refused: "Unsupported value"},
			{name: "number", value: "7", refused: "expected string"},
		}},
		{path: "contactsPolicy", with: "contacts: [{username: Hector}]", states: []state{
			{name: "set", value: "Exact"},
			{name: "changed", value: "AtLeast"},
			{name: "emptied", value: `""`, refused: "Unsupported value"},
			{name: "removed"},
			{name: "unknown", value: "Most", refused: "Unsupported value"},
		}},
		{path: "managementPolicy", with: "adoptionPolicy: ByName", states: []state{
			{name: "set", value: "Manage"},
			{name: "changed", value: "Observe", group: v1alpha1.ReasonDrifted},
			{name: "emptied", value: `""`, refused: "Unsupported value"},
			{name: "removed"},
			{name: "unknown", value: "Ignore", refused: "Unsupported value"},
		}},
		{path: "deletionPolicy", fresh: true, states: []state{
			{name: "set", value: "Archive"},
			{name: "changed to Delete", value: "Delete"},
			{name: "changed to Orphan", value: "Orphan"},
			{name: "emptied", value: `""`, refused: "Unsupported value"},
			{name: "removed"},
			{name: "unknown", value: "Forget", refused: "Unsupported value"},
		}},
		{path: "suspend", states: []state{
			{name: "set", value: "false"},
			{name: "changed", value: "true", group: v1alpha1.ReasonSuspended},
			{name: "removed"},
			{name: "text", value: "maybe", refused: "expected boolean"},
		}},
	}
}
