#!/bin/sh
# cluster.sh runs everything in a cluster on this machine: images, operators, and the overlay dev. It can be run again, to roll out what changed.
# CLUSTER: the name of the cluster.
set -eu
cd "$(dirname "$0")/.."
name=${CLUSTER:-eupay}
version=0.1.0

stop() {
	echo "$*" >&2
	exit 1
}
command -v kubectl >/dev/null || stop "kubectl is not installed: https://kubernetes.io/docs/tasks/tools/"
command -v docker >/dev/null || stop "No container engine: install Docker, which runs the cluster's machines and builds the images."
docker info >/dev/null 2>&1 || stop "Docker is installed, but its engine does not run or does not answer you: start it (systemctl start docker)."
if command -v kind >/dev/null; then
	tool=kind
	kind get clusters 2>/dev/null | grep -qx "$name" || kind create cluster --name "$name"
	context=kind-$name
elif command -v k3d >/dev/null; then
	tool=k3d
	k3d cluster get "$name" >/dev/null 2>&1 || k3d cluster create "$name"
	context=k3d-$name
else
	stop "Neither kind nor k3d is installed: https://kind.sigs.k8s.io/ runs a cluster in Docker. For a cluster that you have: deploy/README.md."
fi
k() { kubectl --context "$context" "$@"; }

for service in gateway payments webhooks qr einvoice portal; do
	image=eupay/$service:$version
	docker build -q -f deploy/docker/Dockerfile --build-arg "SERVICE=$service" -t "$image" . >/dev/null
	case $tool in
	kind) kind load docker-image --name "$name" "$image" ;;
	k3d) k3d image import --cluster "$name" "$image" ;;
	esac
done

# An operator that another needs is not there at once.
tries=0
until k apply --server-side --force-conflicts -k deploy/operators; do
	tries=$((tries + 1))
	[ $tries -lt 20 ] || stop "The operators could not be applied."
	sleep 10
done
k wait --for=condition=Available --timeout=10m --all deployments -A

k -n eupay delete job -l app.kubernetes.io/component=rollout --ignore-not-found 2>/dev/null || true # a job cannot be changed
k apply --server-side --force-conflicts -k deploy/k8s/overlays/dev
k -n eupay wait --for=condition=Complete --timeout=15m job/database-prepare job/first-admin job/smoke
cat <<END

EU Pay runs in the cluster $name. To look at it, keep this running and open http://127.0.0.1:8080:
  kubectl --context $context -n eupay port-forward service/portal 8080:8080
The admin is admin@eupay.localhost; the password:
  kubectl --context $context -n eupay get secret eupay-admin -o jsonpath='{.data.password}' | base64 -d
END
