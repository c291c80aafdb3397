// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

// Package docs keeps the pages for users and the code together: every public
// name stands in the page that a user looks it up in, and no page names one that
// does not exist.
//
// It also holds what no single package can: that no type has so many methods that it
// says no more what each of them may touch.
//
// Whether what a page says of a name is true is not for this package to tell.
package docs
