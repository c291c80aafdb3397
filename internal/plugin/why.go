// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// lastEvents is how many events why shows.
const lastEvents = 5

func (p *plugin) whyCommand() *cobra.Command {
	var operatorNamespace string
	c := &cobra.Command{
		Use:   "why NAME",
		Short: "Say why a Group is not ready, who can fix that, and with which command",
		Long: `Follow a Group through its connection and the connection's Secret, of which no value is ever
shown, to one answer. The exit code is 0 when nothing is wrong, and 1 otherwise.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, names []string) error {
			return p.why(c.Context(), bareName(names[0]), operatorNamespace)
		},
		ValidArgsFunction: p.completeGroups,
	}
	c.Flags().StringVar(&operatorNamespace, "operator-namespace", "klink-operator-system", "Namespace of the operator, which has the Secrets of ClusterConnections.")
	return c
}

func (p *plugin) why(ctx context.Context, name, operatorNamespace string) error {
	c, err := p.cluster()
	if err != nil {
		return err
	}
	var d dossier
	if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, &d.group); err != nil {
		return err
	}
	if err := d.readConnection(ctx, c, operatorNamespace); err != nil {
		return err
	}
	a := diagnose(&d)
	fmt.Fprintf(p.Out, "Group %s/%s%s\n", d.group.Namespace, d.group.Name, stands(&d.group))
	fmt.Fprintln(p.Out, d.connectionLine())
	fmt.Fprintln(p.Out, d.secretLine())
	for _, e := range c.events(ctx, &d.group) {
		at := e.LastTimestamp.Time
		if at.IsZero() {
			at = e.EventTime.Time
		}
		fmt.Fprintf(p.Out, "event %s %s: %s\n", at.UTC().Format("15:04:05"), harmless(e.Reason), harmless(e.Message))
	}
	fmt.Fprintf(p.Out, "\n%s\n", harmless(a.text))
	if a.fine {
		return nil
	}
	if a.who != "" {
		fmt.Fprintf(p.Out, "Who can fix it: %s\n", a.who)
	}
	if a.command != "" {
		fmt.Fprintf(p.Out, "How: %s\n", a.command)
	}
	return errFound
}

// dossier is what why has found out.
type dossier struct {
	group      v1alpha1.Group
	connection v1alpha1.ConnectionObject // nil: it does not exist, or may not be read
	// connectionHidden and secretHidden: the person may not read it.
	connectionHidden, secretHidden bool
	secretName                     string
	secretFound, keyFound          bool
}

func (d *dossier) readConnection(ctx context.Context, c *cluster, operatorNamespace string) error {
	object, err := c.connection(ctx, connectionOf(&d.group), d.group.Namespace)
	switch {
	case apierrors.IsForbidden(err):
		d.connectionHidden = true
		return nil
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	d.connection = object
	secret, err := c.secret(ctx, object, operatorNamespace)
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

// events are the last ones about a Group, the newest last. Without the right to read
// them there are none.
func (c *cluster) events(ctx context.Context, g *v1alpha1.Group) []corev1.Event {
	var list corev1.EventList
	if err := c.List(ctx, &list, client.InNamespace(g.Namespace), client.MatchingFields{"involvedObject.uid": string(g.UID)}); err != nil {
		return nil
	}
	slices.SortFunc(list.Items, func(a, b corev1.Event) int {
		return cmp.Or(a.LastTimestamp.Compare(b.LastTimestamp.Time), a.EventTime.Compare(b.EventTime.Time))
	})
	return list.Items[max(0, len(list.Items)-lastEvents):]
}

func (d *dossier) connectionName() string {
	ref := connectionOf(&d.group)
	return string(ref.Kind) + " " + ref.Name
}

func (d *dossier) connectionLine() string {
	switch {
	case d.connectionHidden:
		return d.connectionName() + ": you may not read it"
	case d.connection == nil:
		return d.connectionName() + ": does not exist"
	}
	ready := meta.FindStatusCondition(d.connection.GetConditions(), v1alpha1.ConditionReady)
	if ready == nil {
		return d.connectionName() + ": the operator has not looked at it yet"
	}
	return fmt.Sprintf("%s: Ready=%s, %s: %s", d.connectionName(), ready.Status, ready.Reason, harmless(ready.Message))
}

func (d *dossier) secretLine() string {
	if d.connection == nil {
		return "Secret: not known without the connection"
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
