// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package controller

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/klink-cloud/klink-operator/api/v1alpha1"
)

// operation is one of a JSON patch (RFC 6902).
type operation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value,omitempty"`
}

// statusPatch makes before's status into after's, field by field, on the object of
// this UID alone: another may have its name by now, and would get what was found of
// this one. Nor is anything said of a remote group beside another id, or none, where
// somebody has changed the status meanwhile, nor that there is none beside an id that
// another process has just written. A merge patch cannot say so, as the API server takes no metadata from a
// patch of the status.
func statusPatch(before, after client.Object) (client.Patch, error) {
	was, err := statusFields(before)
	if err != nil {
		return nil, err
	}
	is, err := statusFields(after)
	if err != nil {
		return nil, err
	}
	uid, err := json.Marshal(before.GetUID())
	if err != nil {
		return nil, fmt.Errorf("encoding a UID: %w", err)
	}
	operations := []operation{{Op: "test", Path: "/metadata/uid", Value: uid}}
	for _, field := range slices.Sorted(maps.Keys(is)) {
		switch {
		case !bytes.Equal(was[field], is[field]):
			operations = append(operations, operation{Op: "add", Path: "/status/" + field, Value: is[field]})
		case field == "id":
			operations = append(operations, operation{Op: "test", Path: "/status/id", Value: is[field]})
		}
	}
	if _, isGroup := after.(*v1alpha1.Group); isGroup && was["id"] == nil && is["id"] == nil {
		operations = append(operations, operation{Op: "test", Path: "/status/id", Value: json.RawMessage("null")})
	}
	for _, field := range slices.Sorted(maps.Keys(was)) {
		if _, stays := is[field]; !stays {
			operations = append(operations, clearing("/status/"+field)...)
		}
	}
	body, err := json.Marshal(operations)
	if err != nil {
		return nil, fmt.Errorf("encoding a patch: %w", err)
	}
	return client.RawPatch(types.JSONPatchType, body), nil
}

// clearing removes a field also where it is gone already, which remove alone refuses.
func clearing(path string) []operation {
	return []operation{{Op: "add", Path: path, Value: json.RawMessage("null")}, {Op: "remove", Path: path}}
}

func statusFields(o client.Object) (map[string]json.RawMessage, error) {
	encoded, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("encoding an object: %w", err)
	}
	var object struct {
		Status map[string]json.RawMessage `json:"status"`
	}
	if err := json.Unmarshal(encoded, &object); err != nil {
		return nil, fmt.Errorf("decoding a status: %w", err)
	}
	return object.Status, nil
}
