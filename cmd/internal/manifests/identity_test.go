package manifests

import (
	"os"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"european-pay.eu/eupay/internal/localca"
)

// certificate is the part of cert-manager's kind that is used here.
type certificate struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		IsCA       bool     `json:"isCA"`
		SecretName string   `json:"secretName"`
		DNSNames   []string `json:"dnsNames"`
	} `json:"spec"`
}

// TestEveryParticipantHasAnIdentityWithOneName in the cluster, as on one machine.
func TestEveryParticipantHasAnIdentityWithOneName(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(root + "/deploy/identity/certificates.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, doc := range documentEnd.Split(string(content), -1) {
		var c certificate
		if err := yaml.Unmarshal([]byte(doc), &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind != "Certificate" || c.Spec.IsCA {
			continue
		}
		name := c.Metadata.Name
		names = append(names, name)
		if !slices.Equal(c.Spec.DNSNames, []string{name}) || c.Spec.SecretName != "eupay-"+name+"-identity" {
			t.Errorf("%s: %+v", name, c.Spec)
		}
	}
	if want := slices.Sorted(slices.Values(localca.Names())); !slices.Equal(slices.Sorted(slices.Values(names)), want) {
		t.Errorf("identities %v, want %v", names, want)
	}
}

func TestEachServiceHasItsOwnIdentityAndNoOther(t *testing.T) {
	t.Parallel()
	objects := load(t)
	for _, name := range services {
		var secrets []string
		for _, v := range find[*appsv1.Deployment](t, objects, name).Spec.Template.Spec.Volumes {
			if v.Secret != nil {
				secrets = append(secrets, v.Secret.SecretName)
			}
		}
		if name == portal {
			if len(secrets) > 0 {
				t.Errorf("the portal mounts %v: it has no identity", secrets)
			}
			continue
		}
		if !slices.Equal(secrets, []string{"eupay-" + name + "-identity"}) {
			t.Errorf("%s mounts %v", name, secrets)
		}
	}
}

// TestWebhooksReachThePortsThatEndpointsMayHave: an endpoint at another port was accepted and then never reached.
func TestWebhooksReachThePortsThatEndpointsMayHave(t *testing.T) {
	t.Parallel()
	policy := find[*networkingv1.NetworkPolicy](t, load(t), "webhooks")
	for port := range 1 << 16 {
		open := slices.ContainsFunc(policy.Spec.Egress[0].Ports, func(p networkingv1.NetworkPolicyPort) bool {
			last := p.Port.IntVal
			if p.EndPort != nil {
				last = *p.EndPort
			}
			return p.Port.IntVal <= int32(port) && int32(port) <= last
		})
		// As the webhooks service has it: the web's own ports, and those of unprivileged programs.
		if may := port == 80 || port == 443 || port >= 1024; open != may {
			t.Fatalf("port %d: the network lets it through: %t", port, open)
		}
	}
}
