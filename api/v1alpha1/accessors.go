// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// ConnectionObject is what Connection and ClusterConnection have in common, so
// that one piece of code serves both.
// +kubebuilder:object:generate=false
type ConnectionObject interface {
	metav1.Object
	runtime.Object

	// GetConnectionSpec returns the part of the spec that both kinds share. It
	// points into the object.
	GetConnectionSpec() *ConnectionSpec
	// GetConnectionStatus returns the status. It points into the object.
	GetConnectionStatus() *ConnectionStatus
	// GetAllowedNamespaces returns whose Groups may use the connection, or nil
	// for a Connection, which serves its own namespace alone.
	GetAllowedNamespaces() *AllowedNamespaces
	// GetAllowedAdoptionNamespaces returns whose Groups may bind to remote groups
	// that they did not make, or nil for a Connection, which lets all its Groups.
	GetAllowedAdoptionNamespaces() *AllowedAdoptionNamespaces
	// GetConditions returns the conditions of the status.
	GetConditions() []metav1.Condition
	// SetConditions replaces the conditions of the status.
	SetConditions(conditions []metav1.Condition)
}

var (
	_ ConnectionObject = (*Connection)(nil)
	_ ConnectionObject = (*ClusterConnection)(nil)
)

// GetConnectionSpec implements ConnectionObject.
func (c *Connection) GetConnectionSpec() *ConnectionSpec { return &c.Spec }

// GetConnectionStatus implements ConnectionObject.
func (c *Connection) GetConnectionStatus() *ConnectionStatus { return &c.Status }

// GetAllowedNamespaces implements ConnectionObject: a Connection has none.
func (c *Connection) GetAllowedNamespaces() *AllowedNamespaces { return nil }

// GetAllowedAdoptionNamespaces implements ConnectionObject: a Connection has none.
func (c *Connection) GetAllowedAdoptionNamespaces() *AllowedAdoptionNamespaces { return nil }

// GetConditions implements ConnectionObject.
func (c *Connection) GetConditions() []metav1.Condition { return c.Status.Conditions }

// SetConditions implements ConnectionObject.
func (c *Connection) SetConditions(conditions []metav1.Condition) { c.Status.Conditions = conditions }

// GetConnectionSpec implements ConnectionObject.
func (c *ClusterConnection) GetConnectionSpec() *ConnectionSpec { return &c.Spec.ConnectionSpec }

// GetConnectionStatus implements ConnectionObject.
func (c *ClusterConnection) GetConnectionStatus() *ConnectionStatus { return &c.Status }

// GetAllowedNamespaces implements ConnectionObject.
func (c *ClusterConnection) GetAllowedNamespaces() *AllowedNamespaces {
	return &c.Spec.AllowedNamespaces
}

// GetAllowedAdoptionNamespaces implements ConnectionObject.
func (c *ClusterConnection) GetAllowedAdoptionNamespaces() *AllowedAdoptionNamespaces {
	return &c.Spec.AllowedAdoptionNamespaces
}

// GetConditions implements ConnectionObject.
func (c *ClusterConnection) GetConditions() []metav1.Condition { return c.Status.Conditions }

// SetConditions implements ConnectionObject.
func (c *ClusterConnection) SetConditions(conditions []metav1.Condition) {
	c.Status.Conditions = conditions
}

// GetConditions returns the conditions of the status.
func (g *Group) GetConditions() []metav1.Condition { return g.Status.Conditions }

// SetConditions replaces the conditions of the status.
func (g *Group) SetConditions(conditions []metav1.Condition) { g.Status.Conditions = conditions }
