// Command apiserver is the API server of Kubernetes with its store, etcd, in one process: what the manifests are applied to in a test.
// Nothing runs what it is told to run: there are no nodes and no controllers. Its first argument is the folder of the store; the others are kube-apiserver's.
package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: apiserver FOLDER [FLAG OF kube-apiserver ...]")
		os.Exit(2)
	}
	store, err := start(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "start etcd:", err)
		os.Exit(1)
	}
	command := app.NewAPIServerCommand()
	command.SetArgs(append(os.Args[2:], "--etcd-servers=unix://"+socket(os.Args[1])))
	code := cli.Run(command)
	store.Close()
	os.Exit(code)
}

// socket is where etcd listens: in the folder, so that two tests do not meet.
func socket(folder string) string { return filepath.Join(folder, "etcd.sock") }

// start returns when etcd takes writes. What it keeps is thrown away after the test, so it does not wait for the disk.
func start(folder string) (*embed.Etcd, error) {
	c := embed.NewConfig()
	c.Dir = filepath.Join(folder, "etcd")
	c.LogLevel = "error"
	c.UnsafeNoFsync = true
	at := url.URL{Scheme: "unix", Path: socket(folder)}
	peers := url.URL{Scheme: "unix", Path: filepath.Join(folder, "peers.sock")}
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{at}, []url.URL{at}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peers}, []url.URL{peers}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	etcd, err := embed.StartEtcd(c)
	if err != nil {
		return nil, err
	}
	<-etcd.Server.ReadyNotify()
	return etcd, nil
}
