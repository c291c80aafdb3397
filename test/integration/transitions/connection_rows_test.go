// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package transitions

import (
	"strings"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// connectionRows are the fields of both kinds of connection; endpoints are states of
// the endpoint that only one kind has. A token that works stays in use when the Secret
// is no longer right, so that the Groups go on.
func connectionRows(endpoints ...state) []row {
	return []row{
		{path: "endpoint", states: append([]state{
			{name: "set", value: endpoint},
			{name: "changed", value: otherEndpoint},
			{name: "emptied", value: `""`, refused: "endpoint must be an absolute URL"},
			{name: "removed"},
			{name: "unreachable", value: unreachableEndpoint, connection: v1alpha1.ReasonUnavailable, group: v1alpha1.ReasonConnectionNotReady},
			{name: "insecure", value: "http://klink.example/api/v1", refused: "endpoint must use https"},
		}, endpoints...)},
		{path: "tokenSecretRef", states: []state{
			{name: "set", value: "{name: $secret}"},
			{name: "changed", value: "{name: $secret-2, key: api}"},
			{name: "emptied", value: "{}", refused: "tokenSecretRef.name: Required value"},
			{name: "removed", refused: "spec.tokenSecretRef: Required value"},
			{name: "nobody's", value: "{name: nowhere}", connection: v1alpha1.ReasonSecretNotFound, keeps: true},
			{name: "revoked", value: "{name: $secret, key: revoked}", connection: v1alpha1.ReasonUnauthorized, group: v1alpha1.ReasonConnectionNotReady},
		}},
		{path: "tokenSecretRef.name", states: []state{
			{name: "set", value: "$secret"},
			{name: "changed", value: "$secret-2"},
			{name: "nobody's", value: "nowhere", connection: v1alpha1.ReasonSecretNotFound, keeps: true},
			{name: "revoked", value: "$secret-revoked", connection: v1alpha1.ReasonUnauthorized, group: v1alpha1.ReasonConnectionNotReady},
			{name: "emptied", value: `""`, refused: "at least 1 char"},
			{name: "removed", refused: "tokenSecretRef.name: Required value"},
			{name: "no name", value: "Token!", refused: "must be the name of a Secret"},
		}},
		{path: "tokenSecretRef.key", states: []state{
			{name: "set", value: "token"},
			{name: "changed", value: "api"},
			{name: "nobody's", value: "nothing", connection: v1alpha1.ReasonSecretInvalid, keeps: true},
			{name: "revoked", value: "revoked", connection: v1alpha1.ReasonUnauthorized, group: v1alpha1.ReasonConnectionNotReady},
			{name: "emptied", value: `""`, refused: "must be a key of a Secret"},
			{name: "removed"},
			{name: "no key", value: "a/b", refused: "must be a key of a Secret"},
		}},
		{path: "resyncInterval", states: []state{
			{name: "set", value: "10m"},
			{name: "changed", value: "1h0.5m"},
			{name: "emptied", value: `""`, refused: "resyncInterval must be a duration"},
			{name: "removed"},
			{name: "short", value: "9s", refused: "resyncInterval must be a duration"},
			{name: "text", value: "soon", refused: "resyncInterval must be a duration"},
		}},
		{path: "rateLimit", states: []state{
			{name: "set", value: "{requestsPerSecond: 500, burst: 500}"},
			{name: "changed", value: "{requestsPerSecond: 50}"},
			{name: "emptied", value: "{}"},
			{name: "removed"},
			{name: "number", value: "500", refused: "expected map"},
		}},
		{path: "rateLimit.requestsPerSecond", states: []state{
			{name: "set", value: "500"},
			{name: "changed", value: "50"},
			{name: "removed"},
			{name: "zero", value: "0", refused: "greater than or equal to 1"},
			{name: "large", value: "1001", refused: "less than or equal to 1000"},
		}},
		{path: "rateLimit.burst", states: []state{
			{name: "set", value: "500"},
			{name: "changed", value: "50"},
			{name: "removed"},
			{name: "zero", value: "0", refused: "greater than or equal to 1"},
			{name: "text", value: "many", refused: "expected numeric"},
		}},
		{path: "caBundle", states: []state{
			{name: "emptied", value: `""`},
			{name: "removed"},
			{name: "no certificate", value: "none", refused: "caBundle must hold certificates"},
		}},
		{path: "allowDelete", fresh: true, witness: "deletionPolicy: Delete", states: []state{
			{name: "set", value: "true"},
			{name: "changed", value: "false"},
			{name: "removed"},
			{name: "text", value: "maybe", refused: "expected boolean"},
		}},
	}
}

// allowedAdoptionNamespacesRows are the same for who may adopt, which stops no Group that
// is bound.
func allowedAdoptionNamespacesRows() []row {
	rows := allowedNamespacesRows()
	for i := range rows {
		r := &rows[i]
		for _, text := range []*string{&r.path, &r.at, &r.with} {
			*text = strings.ReplaceAll(*text, "allowedNamespaces", "allowedAdoptionNamespaces")
		}
		for j := range r.states {
			r.states[j].group = ""
		}
	}
	return rows
}

// allowedNamespacesRows are the fields that only a ClusterConnection has. The namespace
// of the Groups is labeled team: concierge.
func allowedNamespacesRows() []row {
	const notAllowed = v1alpha1.ReasonConnectionNotAllowed
	return []row{
		{path: "allowedNamespaces", states: []state{
			{name: "set", value: "{from: All}"},
			{name: "changed", value: "{from: Selector, selector: {matchLabels: {team: concierge}}}"},
			{name: "without us", value: "{from: Selector, selector: {matchLabels: {team: spa}}}", group: notAllowed},
			{name: "emptied", value: "{}"},
			{name: "removed"},
			{name: "without a selector", value: "{from: Selector}", refused: "selector is required with from Selector"},
		}},
		{path: "allowedNamespaces.from", at: "allowedNamespaces", states: []state{
			{name: "set", value: "{from: All}"},
			{name: "changed", value: "{from: Selector, selector: {matchLabels: {team: spa}}}", group: notAllowed},
			{name: "emptied", value: `{from: ""}`, refused: "Unsupported value"},
			{name: "removed", value: "{selector: {matchLabels: {team: spa}}}", refused: "selector has an effect only with from Selector"},
			{name: "unknown", value: "{from: Same}", refused: "Unsupported value"},
		}},
		{path: "allowedNamespaces.selector", with: "allowedNamespaces: {from: Selector}", states: []state{
			{name: "set", value: "{matchLabels: {team: concierge}}"},
			{name: "changed", value: "{matchLabels: {team: spa}}", group: notAllowed},
			{name: "emptied", value: "{}"},
			{name: "removed", refused: "selector is required with from Selector"},
			{name: "text", value: "team=concierge", refused: "expected map"},
		}},
		{path: "allowedNamespaces.selector.matchLabels", with: "allowedNamespaces: {from: Selector, selector: {}}", states: []state{
			{name: "set", value: "{team: concierge}"},
			{name: "changed", value: "{team: spa}", group: notAllowed},
			{name: "emptied", value: "{}"},
			{name: "removed"},
			{name: "no label", value: "{-team-: concierge}", group: notAllowed},
			{name: "number", value: "{team: 7}", refused: "expected string"},
		}},
		{path: "allowedNamespaces.selector.matchExpressions", with: "allowedNamespaces: {from: Selector, selector: {}}", states: []state{
			{name: "set", value: "[{key: team, operator: In, values: [concierge]}]"},
			{name: "changed", value: "[{key: team, operator: NotIn, values: [concierge]}]", group: notAllowed},
			{name: "emptied", value: "[]"},
			{name: "removed"},
			{name: "incomplete", value: "[{key: team}]", refused: "operator: Required value"},
		}},
		matchExpression("key",
			state{name: "set", value: "[{key: team, operator: In, values: [concierge]}]"},
			state{name: "changed", value: "[{key: region, operator: In, values: [concierge]}]", group: notAllowed},
			state{name: "emptied", value: `[{key: "", operator: In, values: [concierge]}]`, group: notAllowed},
			state{name: "removed", value: "[{operator: In, values: [concierge]}]", refused: "key: Required value"},
			state{name: "no key", value: "[{key: -team-, operator: In, values: [concierge]}]", group: notAllowed},
		),
		matchExpression("operator",
			state{name: "set", value: "[{key: team, operator: In, values: [concierge]}]"},
			state{name: "changed", value: "[{key: team, operator: NotIn, values: [concierge]}]", group: notAllowed},
			state{name: "emptied", value: `[{key: team, operator: "", values: [concierge]}]`, refused: "must have the operator"},
			state{name: "removed", value: "[{key: team, values: [concierge]}]", refused: "operator: Required value"},
			state{name: "unknown", value: "[{key: team, operator: Like, values: [concierge]}]", refused: "must have the operator"},
		),
		matchExpression("values",
			state{name: "set", value: "[{key: team, operator: In, values: [concierge]}]"},
			state{name: "changed", value: "[{key: team, operator: In, values: [spa]}]", group: notAllowed},
			state{name: "emptied", value: "[{key: team, operator: In, values: []}]", refused: "must have the operator"},
			state{name: "removed", value: "[{key: team, operator: In}]", refused: "must have the operator"},
			state{name: "number", value: "[{key: team, operator: In, values: [7]}]", refused: "expected string"},
		),
	}
}

// matchExpression is a field of the items of a list: the states hold the whole list.
func matchExpression(field string, states ...state) row {
	const list = "allowedNamespaces.selector.matchExpressions"
	return row{
		path: list + "[]." + field, at: list, with: "allowedNamespaces: {from: Selector, selector: {}}", states: states,
	}
}
