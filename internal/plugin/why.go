// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// lastEvents is how many events why shows.
const lastEvents = 5

// oneName wants the name of one Group.
func oneName(_ *cobra.Command, names []string) error {
	if len(names) != 1 {
		return errors.New("which Group? Give one name")
	}
	return nil
}

// explainer is the command why. It only reads.
type explainer struct {
	*plugin

	operatorNamespace string
}

func whyCommand(p *plugin) *cobra.Command {
	e := &explainer{plugin: p}
	c := &cobra.Command{
		Use:   "why NAME",
		Short: "Say why a Group is not ready, who can fix that, and with which command",
		Long: `Follow a Group through its connection and the connection's Secret, of which no value is ever
shown, to one answer. The exit code is 0 when nothing is wrong, and 1 otherwise.`,
		Args: oneName,
		RunE: func(c *cobra.Command, names []string) error {
			return e.run(c.Context(), bareName(names[0]))
		},
		ValidArgsFunction: completer{p}.groups,
	}
	c.Flags().StringVar(&e.operatorNamespace, "operator-namespace", defaultOperatorNamespace, "Namespace of the operator, which has the Secrets of ClusterConnections.")
	return c
}

func (e *explainer) run(ctx context.Context, name string) error {
	c, err := e.namespaced(ctx)
	if err != nil {
		return err
	}
	d := findings{operatorNamespace: e.operatorNamespace}
	if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &d.group); err != nil {
		return err
	}
	if err := d.readConnection(ctx, c); err != nil {
		return err
	}
	events, err := c.events(ctx, &d.group)
	if err != nil && !apierrors.IsForbidden(err) {
		return err
	}
	a := diagnose(&d)
	fmt.Fprintf(e.Out, "Group %s/%s%s\n", d.group.Namespace, d.group.Name, a.besides(d.group.Status.Conditions))
	fmt.Fprintln(e.Out, d.connectionLine(&a))
	fmt.Fprintln(e.Out, d.secretLine())
	if err != nil {
		fmt.Fprintln(e.Out, "Events: you may not read them")
	}
	for _, event := range events {
		at := event.LastTimestamp.Time
		if at.IsZero() {
			at = event.EventTime.Time
		}
		fmt.Fprintf(e.Out, "event %s %s%s\n", at.UTC().Format(time.RFC3339), harmless(event.Reason), a.unlessSaid(event.Message))
	}
	fmt.Fprintf(e.Out, "\n%s\n", harmless(a.text))
	if a.fine {
		return nil
	}
	if a.who != "" {
		fmt.Fprintf(e.Out, "Who can fix it: %s\n", a.who)
	}
	if how := d.how(ctx, c, &a); how != "" {
		fmt.Fprintf(e.Out, "How: %s\n", how)
	}
	return errFound
}

// unlessSaid is a message for the end of a line, without what the answer says anyway.
func (a *answer) unlessSaid(message string) string {
	if message == "" || strings.Contains(a.text, message) {
		return ""
	}
	return ": " + harmless(message)
}

// besides says how an object stands, besides what the answer says.
func (a *answer) besides(conditions []metav1.Condition) string {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return ": the operator has not looked at it yet"
	}
	return fmt.Sprintf(": Ready=%s, %s%s", ready.Status, ready.Reason, a.unlessSaid(ready.Message))
}

// findings is what why has found out.
type findings struct {
	group      v1alpha1.Group
	connection v1alpha1.ConnectionObject // nil: it does not exist, or may not be read
	// connectionHidden and secretHidden: the person may not read it.
	connectionHidden, secretHidden bool
	secretName                     string
	secretFound, keyFound          bool
	operatorNamespace              string
}

// mayOpen: this person can read the account.
func (d *findings) mayOpen() bool { return d.keyFound }

func (d *findings) readConnection(ctx context.Context, c *cluster) error {
	object, err := c.connection(ctx, connectionOf(&d.group), d.group.Namespace)
	switch {
	case isUnreadable(err):
		d.connectionHidden = true
		return nil
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	d.connection = object
	secret, err := c.secret(ctx, object, d.operatorNamespace)
	d.secretName = secret.Namespace + "/" + secret.Name
	switch {
	case apierrors.IsForbidden(err):
		d.secretHidden = true
	case apierrors.IsNotFound(err):
	case err != nil:
		return err
	default:
		d.secretFound, d.keyFound = true, len(secret.Data[object.GetConnectionSpec().TokenSecretRef.Key]) > 0
	}
	return nil
}

// events are the last ones about a Group, the newest last.
func (c *cluster) events(ctx context.Context, g *v1alpha1.Group) ([]corev1.Event, error) {
	var list corev1.EventList
	if err := c.List(ctx, &list, client.InNamespace(g.Namespace), client.MatchingFields{"involvedObject.uid": string(g.UID)}); err != nil {
		return nil, err
	}
	slices.SortFunc(list.Items, func(a, b corev1.Event) int {
		return cmp.Or(a.LastTimestamp.Compare(b.LastTimestamp.Time), a.EventTime.Compare(b.EventTime.Time))
	})
	return list.Items[max(0, len(list.Items)-lastEvents):], nil
}

func (d *findings) connectionName() string {
	ref := connectionOf(&d.group)
	return string(ref.Kind) + " " + ref.Name
}

func (d *findings) connectionLine(a *answer) string {
	switch {
	case d.connectionHidden:
		return d.connectionName() + ": you may not read it"
	case d.connection == nil:
		return d.connectionName() + ": does not exist"
	}
	line := d.connectionName() + a.besides(d.connection.GetConditions())
	if t := d.connection.GetConnectionStatus().LastListTime; t != nil {
		line += "; its newest listing is at most " + atMost(time.Since(t.Time)) + " old"
	}
	return line
}

func (d *findings) secretLine() string {
	if d.connectionHidden {
		return "Secret: not known, since the connection names it"
	} else if d.connection == nil {
		return "Secret: none without the connection"
	}
	key := d.connection.GetConnectionSpec().TokenSecretRef.Key
	switch {
	case d.secretHidden:
		return fmt.Sprintf("Secret %s: you may not read it", d.secretName)
	case !d.secretFound:
		return fmt.Sprintf("Secret %s: does not exist", d.secretName)
	case !d.keyFound:
		return fmt.Sprintf("Secret %s: has no value under key %q", d.secretName, key)
	}
	return fmt.Sprintf("Secret %s: has a value under key %q", d.secretName, key)
}
