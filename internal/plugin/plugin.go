// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/version"
)

// Exit codes, as those of kubectl diff.
const (
	exitFound  = 1
	exitFailed = 2
	// ExitInterrupted is what a shell says of a program that Ctrl-C has ended.
	ExitInterrupted = 130
)

// errFound ends a command that did its work and found something, and has said so.
var errFound = errors.New("found")

// plugin is what all commands share, each of which is a type of its own.
type plugin struct {
	*terminal

	config *genericclioptions.ConfigFlags
}

// Run runs the command line, and returns the exit code.
func Run(ctx context.Context, args []string, streams genericiooptions.IOStreams, env func(string) string) int {
	command := New(streams, env) //nolint:contextcheck // the commands get ctx from ExecuteContext
	command.SetArgs(args)
	err := command.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		return ExitInterrupted
	case errors.Is(err, errFound):
		return exitFound
	}
	// In one line: what a library writes over several would show its line breaks.
	fmt.Fprintln(streams.ErrOut, "error:", harmless(strings.Join(strings.Fields(err.Error()), " "))+hint(err))
	return exitFailed
}

// hint says what an error means that an API server which knows no such resource answers: it
// may be another cluster than the person thinks.
func hint(err error) string {
	status := apierrors.APIStatus(nil)
	unknown := errors.As(err, &status) && apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse) && apierrors.IsNotFound(err) &&
		status.Status().Details.Group == v1alpha1.GroupVersion.Group
	if !unknown && !meta.IsNoMatchError(err) {
		return ""
	}
	return ": the kinds of " + v1alpha1.GroupVersion.Group + " are not installed in this cluster"
}

// New returns the command kubectl klink.
func New(streams genericiooptions.IOStreams, env func(string) string) *cobra.Command {
	p := &plugin{terminal: &terminal{IOStreams: streams, env: env}, config: genericclioptions.NewConfigFlags(true)}
	root := &cobra.Command{
		Use:           "kubectl-klink",
		Short:         "Bring klink.cloud groups under GitOps, and see what the klink-operator does",
		Version:       version.Version,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl klink"},
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	p.config.AddFlags(root.PersistentFlags())
	root.AddCommand(
		importCommand(p), diffCommand(p), orphansCommand(p), statusCommand(p), whyCommand(p),
		reconcileCommand(p), suspendCommand(p), resumeCommand(p), adoptCommand(p), releaseCommand(p),
		&cobra.Command{
			Use: "version", Short: "Print the version of this plugin", Args: cobra.NoArgs,
			Run: func(*cobra.Command, []string) { fmt.Fprintln(streams.Out, version.Version) },
		},
	)
	for _, c := range root.Commands() {
		if c.ValidArgsFunction == nil {
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
	}
	completeFlags(root)
	completer{p}.flags(root)
	return root
}
