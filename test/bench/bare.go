// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
	"github.com/klink-cloud/klink-operator/internal/simulator"
)

// bareWorkers are as many as the manager gives one connection by default.
const bareWorkers = 18

// bare makes remote groups of Groups with the calls that the operator makes, and no
// others: a patch of the metadata, the POST, another patch, and one of the status. It
// watches nothing, decides nothing, and would make a group twice after a crash. What it
// needs is what the calls alone cost on this machine.
type bare struct {
	api      client.Client
	http     *http.Client
	endpoint string
}

func (w *world) bareClient(endpoint string) *bare {
	transport := &http.Transport{MaxIdleConnsPerHost: bareWorkers}
	return &bare{api: w.api, http: &http.Client{Transport: transport}, endpoint: endpoint}
}

// create makes a remote group of each Group, bareWorkers at a time.
func (b *bare) create(ctx context.Context, groups []v1alpha1.Group) (time.Duration, error) {
	began := time.Now()
	work := make(chan *v1alpha1.Group)
	workers, ctx := errgroup.WithContext(ctx)
	for range bareWorkers {
		workers.Go(func() error {
			for g := range work {
				if err := b.one(ctx, g); err != nil {
					return err
				}
			}
			return nil
		})
	}
	var send sync.WaitGroup
	send.Go(func() {
		defer close(work)
		for i := range groups {
			select {
			case work <- &groups[i]:
			case <-ctx.Done():
				return
			}
		}
	})
	err := workers.Wait()
	send.Wait()
	return time.Since(began), err
}

func (b *bare) one(ctx context.Context, g *v1alpha1.Group) error {
	note := fmt.Sprintf(`{"metadata":{"uid":%q,"resourceVersion":%q,"finalizers":[%q],"annotations":{%q:%q}}}`,
		g.UID, g.ResourceVersion, v1alpha1.FinalizerGroup, v1alpha1.AnnotationCreateAttempt, "made by the bare client, about as long as a note is, so that it costs as much")
	if err := b.api.Patch(ctx, g, client.RawPatch(types.MergePatchType, []byte(note))); err != nil {
		return fmt.Errorf("noting a create: %w", err)
	}
	made, err := b.post(ctx, g)
	if err != nil {
		return err
	}
	bound := fmt.Sprintf(`{"metadata":{"uid":%q,"annotations":{%q:%q,%q:%q,%q:null}}}`, g.UID,
		v1alpha1.AnnotationGroupID, made.ID, v1alpha1.AnnotationGroupCluster, g.UID, v1alpha1.AnnotationCreateAttempt)
	if err := b.api.Patch(ctx, g, client.RawPatch(types.MergePatchType, []byte(bound))); err != nil {
		return fmt.Errorf("recording an id: %w", err)
	}
	status, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/uid", "value": g.UID},
		{"op": "add", "path": "/status/observedGeneration", "value": g.Generation},
		{"op": "add", "path": "/status/id", "value": made.ID},
		{"op": "add", "path": "/status/conversationID", "value": made.ConversationID},
		{"op": "add", "path": "/status/remoteName", "value": g.Spec.Name},
		{"op": "add", "path": "/status/contactCount", "value": len(g.Spec.Contacts)},
		{"op": "add", "path": "/status/conditions", "value": []map[string]any{{
			"type": v1alpha1.ConditionReady, "status": "True", "reason": v1alpha1.ReasonSynced, "observedGeneration": g.Generation,
			"lastTransitionTime": time.Now().UTC().Format(time.RFC3339), "message": "the remote group is as declared",
		}}},
	})
	if err != nil {
		return fmt.Errorf("encoding a status: %w", err)
	}
	if err := b.api.Status().Patch(ctx, g, client.RawPatch(types.JSONPatchType, status)); err != nil {
		return fmt.Errorf("writing a status: %w", err)
	}
	return nil
}

// made is what the bare client reads of a reply.
type made struct {
	ID             string `json:"id"`
	ConversationID string `json:"conversation_id"`
}

func (b *bare) post(ctx context.Context, g *v1alpha1.Group) (m made, _ error) {
	body, err := json.Marshal(map[string]any{"name": g.Spec.Name, "contacts": g.Spec.Contacts})
	if err != nil {
		return m, fmt.Errorf("encoding a POST: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.endpoint+"/groups", bytes.NewReader(body))
	if err != nil {
		return m, fmt.Errorf("making a POST: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+simulator.DefaultToken)
	request.Header.Set("Content-Type", "application/json")
	reply, err := b.http.Do(request)
	if err != nil {
		return m, fmt.Errorf("making a POST: %w", err)
	}
	defer func() { _ = reply.Body.Close() }()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return m, fmt.Errorf("reading a reply: %w", err)
	}
	if err := json.Unmarshal(text, &m); err != nil || m.ID == "" {
		return m, fmt.Errorf("the stand-in API made nothing of a POST: %d %s", reply.StatusCode, text)
	}
	return m, nil
}
