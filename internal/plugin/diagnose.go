// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/plan"
)

// answer is what why has to say.
type answer struct {
	// fine: nothing is wrong.
	fine bool
	text string
	// who can fix it, and with which command, and what that needs.
	who, command string
	needs        need
	// instead is a command for who has not what the other one needs.
	instead string
}

// need is what a person must be allowed to do, for a command to work.
type need int

const (
	needsNothing    need = iota
	needsToWrite         // Groups of the namespace
	needsAccount         // the token
	needsAllGroups       // to list Groups everywhere
	needsConnection      // to read the connection
	needsSecret          // to write the Secret
)

// Who can fix something.
const (
	author   = "those who write this Group"
	admin    = "those who write the connection"
	operator = "those who run the operator"
	nobody   = "nobody has to: it goes on by itself"
)

// diagnose finds the one thing that is wrong.
func diagnose(d *findings) answer {
	g := &d.group
	ready := meta.FindStatusCondition(g.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		return answer{
			text: "The operator has said nothing of this Group yet. For half a minute it may wait for a listing, or for another Group of its name; " +
				"after that, the operator does not run, or does not watch this namespace.", who: operator,
			command: "kubectl -n klink-operator-system get pods",
		}
	case ready.Reason == v1alpha1.ReasonConnectionNotReady || ready.Reason == v1alpha1.ReasonConnectionNotFound:
		return diagnoseConnection(d, ready)
	case g.Status.ObservedGeneration != g.Generation:
		return answer{text: "The Group was changed, and the operator has not looked at it since.", who: nobody + "; if it does not, " + operator, command: command(g, "reconcile"), needs: needsToWrite}
	case ready.Status == metav1.ConditionTrue && d.connection != nil && meta.IsStatusConditionFalse(d.connection.GetConditions(), v1alpha1.ConditionReady):
		a := diagnoseConnection(d, ready)
		a.text = "The Group was in order when it was last looked at, and now waits for its connection. " + a.text
		return a
	case ready.Status == metav1.ConditionTrue:
		return answer{fine: true, text: "Nothing is wrong: " + ready.Message + "."}
	}
	a, known := remedies[ready.Reason]
	if !known {
		a = answer{who: author}
	}
	switch {
	case ready.Reason == v1alpha1.ReasonNameTaken:
		a = nameTaken(ready.Message, a)
	case ready.Reason == v1alpha1.ReasonCreating && strings.Contains(ready.Message, plan.WhenLetGo):
		// It may wait for ever. Another name, or AllowDuplicate, is an edit.
		a = remedies[v1alpha1.ReasonRejected]
		a.who += ", or those who write the other one"
	}
	a.text = ready.Message + "."
	fill := strings.NewReplacer("NAMESPACE", g.Namespace, "NAME", g.Name, "ACCOUNT", d.accountFlags(ready.Reason != v1alpha1.ReasonRemoteMissing))
	a.command, a.instead = strings.TrimSpace(fill.Replace(a.command)), fill.Replace(a.instead)
	return a
}

// nameTaken is what helps a Group whose name is taken: one group of the name can be adopted,
// as usual, one of many is for a person to choose, and one that another Group owns is neither.
func nameTaken(message string, usual answer) answer {
	switch {
	case strings.Contains(message, "allowedAdoptionNamespaces"):
		return remedies[v1alpha1.ReasonAdoptionNotAllowed]
	case strings.HasPrefix(message, "remote group "):
		return remedies[v1alpha1.ReasonRejected] // another name, or AllowDuplicate, is an edit
	case strings.HasPrefix(message, "1 "):
		return usual
	default:
		return answer{who: author, command: bindToID + meant, needs: needsToWrite}
	}
}

// command is one of this plugin's, for a Group.
func command(g *v1alpha1.Group, verb string) string {
	return fmt.Sprintf("kubectl klink %s -n %s %s", verb, g.Namespace, g.Name)
}

// accountFlags are those with which a command finds the account of the Group, where they are
// not the defaults. A command that takes Groups knows their connections itself.
func (d *findings) accountFlags(takesGroups bool) string {
	var flags []string
	if ref := connectionOf(&d.group); !takesGroups && ref != defaultConnection {
		flags = append(flags, "--connection "+refName(ref))
	}
	if d.operatorNamespace != defaultOperatorNamespace {
		flags = append(flags, "--operator-namespace "+d.operatorNamespace)
	}
	return strings.Join(flags, " ")
}

// how says which command helps, or, where it needs what this person may not do, whom to ask.
func (d *findings) how(ctx context.Context, c *cluster, a *answer) string {
	namespace, _, _ := strings.Cut(d.secretName, "/")
	groups := authorizationv1.ResourceAttributes{Group: v1alpha1.GroupVersion.Group, Resource: "groups"}
	lacks := ""
	switch a.needs {
	case needsNothing:
	case needsToWrite:
		groups.Namespace, groups.Verb = d.group.Namespace, "patch"
		lacks = c.lacks(ctx, groups, "write Groups here")
	case needsAllGroups:
		groups.Verb = "list"
		lacks = c.lacks(ctx, groups, "list the Groups of all namespaces")
	case needsSecret:
		lacks = c.lacks(ctx, authorizationv1.ResourceAttributes{Namespace: namespace, Resource: "secrets", Verb: "create"}, "write Secrets of namespace "+namespace)
	case needsConnection:
		if d.connectionHidden {
			lacks = "read " + d.connectionName()
		}
	case needsAccount:
		if !d.mayOpen() {
			lacks = "read the token of " + d.connectionName()
		}
	}
	switch {
	case lacks == "" || a.command == "":
		return a.command
	case a.instead != "":
		return a.instead
	}
	return fmt.Sprintf("ask somebody who may %s, to run: %s", lacks, a.command)
}

// lacks is what, where this person may not do it. Who cannot ask is taken to be allowed.
func (c *cluster) lacks(ctx context.Context, to authorizationv1.ResourceAttributes, what string) string {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &to}}
	if err := c.Create(ctx, review); err != nil || review.Status.Allowed {
		return ""
	}
	return what
}

// replacing makes a command that creates an object one that replaces it. Client-side apply
// would leave a copy of the token in an annotation.
const replacing = " --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -"

// meant tells which id to put in the place of ID.
const meant = " with the ID that is meant"

// diagnoseConnection looks behind a Group that waits for its connection.
func diagnoseConnection(d *findings, ready *metav1.Condition) answer {
	ref := connectionOf(&d.group)
	resource := map[v1alpha1.ConnectionKind]string{v1alpha1.KindConnection: "kconn", v1alpha1.KindClusterConnection: "kcconn"}[ref.Kind]
	if d.group.Namespace != "" && ref.Kind == v1alpha1.KindConnection {
		resource = "-n " + d.group.Namespace + " " + resource
	}
	describe := fmt.Sprintf("kubectl describe %s %s", resource, ref.Name)
	switch {
	case d.connectionHidden:
		return answer{text: ready.Message + ".", who: admin, command: describe, needs: needsConnection}
	case d.connection == nil:
		return answer{text: d.connectionName() + " does not exist.", who: "those who may create it", command: "docs/connections.md has a sample to apply"}
	}
	ref2 := d.connection.GetConnectionSpec().TokenSecretRef
	namespace, name, _ := strings.Cut(d.secretName, "/")
	create := fmt.Sprintf("kubectl -n %s create secret generic %s --from-file=%s=FILE", namespace, name, ref2.Key)
	switch {
	case !d.secretHidden && !d.secretFound:
		return answer{text: fmt.Sprintf("%s has no token: Secret %s does not exist.", d.connectionName(), d.secretName), who: admin, command: create, needs: needsSecret}
	case !d.secretHidden && !d.keyFound:
		return answer{
			text: fmt.Sprintf("%s has no token: Secret %s has no key %q.", d.connectionName(), d.secretName, ref2.Key), who: admin,
			command: create + replacing, needs: needsSecret,
		}
	}
	connection := meta.FindStatusCondition(d.connection.GetConditions(), v1alpha1.ConditionReady)
	if connection == nil {
		return answer{text: "The operator has not looked at " + d.connectionName() + " yet.", who: operator, command: describe}
	}
	a := answer{text: fmt.Sprintf("%s is not ready (%s): %s.", d.connectionName(), connection.Reason, connection.Message), who: admin, command: describe}
	switch connection.Reason {
	case v1alpha1.ReasonConnected:
		a.text, a.who = d.connectionName()+" is ready by now, and this Group is looked at next.", nobody
		a.command, a.needs = command(&d.group, "reconcile"), needsToWrite
	case v1alpha1.ReasonUnavailable, v1alpha1.ReasonRateLimited:
		a.who = nobody + " when the API answers again"
	case v1alpha1.ReasonUnauthorized:
		a.command, a.needs = create+replacing, needsSecret
	case v1alpha1.ReasonMassDisappearance:
		a.command = fmt.Sprintf("check the token; to accept the loss: kubectl annotate %s %s %s=\"$(date -u +%%FT%%TZ)\"", resource, ref.Name, v1alpha1.AnnotationAcceptMissing)
	}
	return a
}

// bindToID binds a Group to what a person has chosen.
const bindToID = "kubectl patch -n NAMESPACE kgrp NAME --type=merge -p '{\"spec\":{\"groupID\":\"ID\"}}'"

// remedies say, for each reason, who can fix it and how.
var remedies = map[string]answer{
	v1alpha1.ReasonSuspended:            {who: author, command: "kubectl klink resume -n NAMESPACE NAME", needs: needsToWrite},
	v1alpha1.ReasonCreating:             {who: nobody},
	v1alpha1.ReasonUpdating:             {who: nobody},
	v1alpha1.ReasonUnavailable:          {who: nobody + " when the API answers again", command: "kubectl klink reconcile -n NAMESPACE NAME", needs: needsToWrite},
	v1alpha1.ReasonRateLimited:          {who: nobody + " when the API takes calls again"},
	v1alpha1.ReasonConnectionNotAllowed: {who: admin, command: "kubectl explain kcconn.spec.allowedNamespaces"},
	v1alpha1.ReasonRejected:             {who: author, command: "kubectl edit -n NAMESPACE kgrp NAME", needs: needsToWrite},
	v1alpha1.ReasonNotApplied:           {who: author, command: "kubectl klink diff -n NAMESPACE NAME ACCOUNT", needs: needsAccount},
	v1alpha1.ReasonIDConflict:           {who: author, command: "kubectl get kgrp -A", needs: needsAllGroups},
	v1alpha1.ReasonAdoptionAmbiguous:    {who: author, command: "kubectl patch -n NAMESPACE kgrp NAME --type=merge -p '{\"spec\":{\"adoptionPolicy\":\"Never\",\"groupID\":\"ID\"}}'" + meant, needs: needsToWrite},
	v1alpha1.ReasonNameTaken: {
		who: author, command: "kubectl klink adopt -n NAMESPACE NAME ACCOUNT", needs: needsAccount,
		instead: bindToID + meant + " (kubectl klink adopt needs the token, which you may not read)",
	},
	v1alpha1.ReasonAdoptionNotAllowed: {who: admin, command: "kubectl explain kcconn.spec.allowedAdoptionNamespaces"},
	v1alpha1.ReasonDeleteNotAllowed:   {who: author + ", or " + admin, command: "kubectl patch -n NAMESPACE kgrp NAME --type=merge -p '{\"spec\":{\"deletionPolicy\":\"Archive\"}}'", needs: needsToWrite},
	v1alpha1.ReasonCreateUncertain:    {who: author, command: bindToID + meant, needs: needsToWrite},
	v1alpha1.ReasonRemoteMissing:      {who: author, command: "kubectl klink orphans -n NAMESPACE ACCOUNT", needs: needsAccount},
	v1alpha1.ReasonDryRun:             {who: operator, command: "the manager runs with --dry-run"},
	v1alpha1.ReasonDeleting:           {who: author, command: "kubectl klink release -n NAMESPACE NAME", needs: needsToWrite},
}
