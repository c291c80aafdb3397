// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The klink-operator authors.

package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// AdminPrefix is the path of the admin endpoint.
const AdminPrefix = "/_simulator"

// Admin returns the admin endpoint, under AdminPrefix: settings, faults, groups and requests in JSON. It asks for no
// token: whoever reaches it may do everything, so it belongs on the loopback address.
func (s *Server) Admin() http.Handler {
	mux := http.NewServeMux()
	for pattern, endpoint := range map[string]func(*http.Request) (int, any, error){
		"GET /settings":       s.adminSettings,
		"PUT /settings":       s.adminSetSettings,
		"GET /faults":         s.adminFaults,
		"POST /faults":        s.adminAddFault,
		"DELETE /faults":      s.adminClearFaults,
		"DELETE /faults/{id}": s.adminRemoveFault,
		"GET /groups":         s.adminGroups,
		"POST /groups":        s.adminSeed,
		"PATCH /groups/{id}":  s.adminMutate,
		"DELETE /groups/{id}": s.adminRemove,
		"GET /requests":       s.adminRequests,
		"DELETE /requests":    s.adminResetRequests,
		"GET /counts":         s.adminCounts,
		"PUT /token":          s.adminSetToken,
		"POST /reset":         s.adminReset,
	} {
		mux.Handle(pattern, adminEndpoint(endpoint))
	}
	return http.StripPrefix(AdminPrefix, mux)
}

var errNotFound = errors.New("not found")

type adminEndpoint func(*http.Request) (int, any, error)

// ServeHTTP writes what the endpoint returns: a status, and a body unless that is nil.
func (endpoint adminEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	status, body, err := endpoint(r)
	switch {
	case errors.Is(err, errNotFound):
		status, body = http.StatusNotFound, errorBody{Status: "error", Message: err.Error()}
	case err != nil:
		status, body = http.StatusBadRequest, errorBody{Status: "error", Message: err.Error()}
	}
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(body) // the client may have left
}

func readJSON(r *http.Request, into any) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return decodeStrict(text, into)
}

func (s *Server) adminSettings(*http.Request) (int, any, error) {
	return http.StatusOK, s.Settings(), nil
}

// adminSetSettings changes the settings that the body names.
func (s *Server) adminSetSettings(r *http.Request) (int, any, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("body: %w", err)
	}
	if err := s.tryConfigure(func(settings *Settings) error { return decodeStrict(text, settings) }); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, s.Settings(), nil
}

// adminFault is a rule in force.
type adminFault struct {
	ID    string `json:"id"`
	Hits  int    `json:"hits"`
	Fault Fault  `json:"fault"`
}

func (s *Server) adminFaults(*http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := []adminFault{}
	for _, h := range s.faults {
		faults = append(faults, adminFault{h.id, h.hits, h.fault})
	}
	return http.StatusOK, faults, nil
}

func (s *Server) adminAddFault(r *http.Request) (int, any, error) {
	var f Fault
	if err := readJSON(r, &f); err != nil {
		return 0, nil, err
	}
	h, err := s.tryAddFault(f)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, adminFault{h.id, 0, h.fault}, nil
}

func (s *Server) adminClearFaults(*http.Request) (int, any, error) {
	s.ClearFaults()
	return http.StatusNoContent, nil, nil
}

func (s *Server) adminRemoveFault(r *http.Request) (int, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.faults, func(h *FaultHandle) bool { return h.id == r.PathValue("id") })
	if i < 0 {
		return 0, nil, errNotFound
	}
	s.faults = slices.Delete(s.faults, i, i+1)
	return http.StatusNoContent, nil, nil
}

func (s *Server) adminRequests(*http.Request) (int, any, error) {
	return http.StatusOK, s.Requests(), nil
}

func (s *Server) adminResetRequests(*http.Request) (int, any, error) {
	s.ResetRequests()
	return http.StatusNoContent, nil, nil
}

func (s *Server) adminCounts(*http.Request) (int, any, error) {
	return http.StatusOK, s.Counts(), nil
}

// adminSetToken gives the default tenant another token; an empty one locks it out.
func (s *Server) adminSetToken(r *http.Request) (int, any, error) {
	var body struct {
		Token string `json:"token"`
	}
	if err := readJSON(r, &body); err != nil {
		return 0, nil, err
	}
	s.SetToken(body.Token)
	return http.StatusNoContent, nil, nil
}

func (s *Server) adminReset(*http.Request) (int, any, error) {
	s.Reset()
	return http.StatusNoContent, nil, nil
}
