package main

import (
	"net/http"
	"testing"
)

func TestProfilesAreServedOnlyOnLoopback(t *testing.T) {
	for addr, good := range map[string]bool{
		"": true, "127.0.0.1:0": true, "[::1]:6060": true, ":6060": false, "0.0.0.0:6060": false, "192.0.2.1:6060": false, "localhost:1": false,
	} {
		if err := (&options{PprofAddr: addr}).Validate(); (err == nil) != good {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

func TestProfilesEndWithStop(t *testing.T) {
	o := options{PprofAddr: "127.0.0.1:46061"}
	stop, err := o.profile(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ask := func() error {
		resp, err := http.Get("http://" + o.PprofAddr + "/debug/pprof/")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	if err := ask(); err != nil {
		t.Error(err)
	}
	stop()
	if ask() == nil {
		t.Error("still served")
	}
}
