#!/bin/bash
# PID 1 of the node sandbox (own net, mount, pid, ipc, uts namespaces); its end ends everything in it.
# Environment: DIR BIN COREDNS NODE NODE_IP HOST_IP POD_CIDR TIER CG IMAGES (see node.py)
set -uo pipefail
cd "$DIR"
log=$DIR/log; mkdir -p "$log"
t0=${T0:-${EPOCHREALTIME/./}}; mark(){ printf '%6d ms  %s\n' $(( (${EPOCHREALTIME/./} - t0) / 1000 )) "$1" >> "$log/timeline"; }
mount --make-rshared /                       # private from the host (unshare made it so), shared inside: mountPropagation works
mount -t tmpfs -o mode=755 tmpfs /run; mkdir -p /run/lock
for d in /var/lib /var/log /opt; do mount -t tmpfs -o mode=755 tmpfs $d; done   # hard-coded paths: /var/lib/{cni,kubelet/device-plugins}, /var/log/containers, /opt/containerd. DIR must not be below these
ip link set lo up
while ! ip link show eth0 >/dev/null 2>&1; do sleep 0.01; done   # the parent moves the veth in
ip addr add "$NODE_IP/30" dev eth0; ip link set eth0 up; ip route add default via "$HOST_IP"
start(){ local n=$1; shift; "$@" >>"$log/$n.log" 2>&1 </dev/null & echo $! > "$DIR/pid.$n"; }
hostname "$NODE"

# --- etcd on tmpfs
mkdir -p /run/etcd; chmod 700 /run/etcd
start etcd ${ETCD:-etcd} --data-dir=/run/etcd --name=n --listen-client-urls=http://127.0.0.1:2379 --advertise-client-urls=http://127.0.0.1:2379 \
  --listen-peer-urls=http://127.0.0.1:2380 --initial-advertise-peer-urls=http://127.0.0.1:2380 --initial-cluster=n=http://127.0.0.1:2380 ${ETCD_ARGS:-}
# --- kube-apiserver
P=$DIR/pki
apiserver(){ start apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --bind-address="$NODE_IP" --secure-port=6443 --advertise-address="$NODE_IP" \
  --tls-cert-file=$P/apiserver.crt --tls-private-key-file=$P/apiserver.key --client-ca-file=$P/ca.crt \
  --kubelet-client-certificate=$P/apiserver-kubelet.crt --kubelet-client-key=$P/apiserver-kubelet.key --kubelet-certificate-authority=$P/ca.crt \
  --kubelet-preferred-address-types=InternalIP \
  --service-account-issuer=https://kubernetes.default.svc.cluster.local --service-account-key-file=$P/sa.pub --service-account-signing-key-file=$P/sa.key \
  --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --service-cluster-ip-range=10.96.0.0/16 --allow-privileged=true \
  ${APISERVER_ARGS:-}
}
apiserver; trap apiserver USR1
K="curl -s --max-time 2 --cacert $P/ca.crt --cert $P/admin.crt --key $P/admin.key"
if [ "$TIER" = node ]; then
  # --- containerd (its ~0.3 s start overlaps the apiserver's)
  cat > containerd.toml <<C
version = 2
root = "$DIR/containerd"
state = "/run/containerd"
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.local/pause:1"
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$DIR/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${SNAPSHOTTER:-overlayfs}"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
C
  mkdir -p cni; cat > cni/10-kt.conflist <<C
{"cniVersion":"1.0.0","name":"kt","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":true,"hairpinMode":true,
  "ipam":{"type":"host-local","dataDir":"/run/cni-ipam","ranges":[[{"subnet":"$POD_CIDR"}]],"routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
C
  echo 1 > /proc/sys/net/ipv4/ip_forward
  start containerd containerd --config "$DIR/containerd.toml"
fi
until [ "$($K https://$NODE_IP:6443/readyz)" = ok ]; do sleep 0.05; done; mark "apiserver /readyz ok"
touch "$DIR/ready.api"
if [ "$TIER" != api ]; then
  start kcm "$BIN/kube-controller-manager" --kubeconfig=$P/kcm.kubeconfig --authentication-kubeconfig=$P/kcm.kubeconfig --authorization-kubeconfig=$P/kcm.kubeconfig \
    --bind-address=127.0.0.1 --leader-elect=false --kube-api-qps=500 --kube-api-burst=1000 --use-service-account-credentials=true --service-account-private-key-file=$P/sa.key --root-ca-file=$P/ca.crt \
    --flex-volume-plugin-dir="$DIR/volumeplugins" --cluster-signing-cert-file=$P/ca.crt --cluster-signing-key-file=$P/ca.key --cluster-cidr=$POD_CIDR --service-cluster-ip-range=10.96.0.0/16 ${KCM_ARGS:-}
  start scheduler "$BIN/kube-scheduler" --kubeconfig=$P/scheduler.kubeconfig --authentication-kubeconfig=$P/scheduler.kubeconfig --authorization-kubeconfig=$P/scheduler.kubeconfig \
    --bind-address=127.0.0.1 --leader-elect=false
fi
if [ "$TIER" = node ]; then
  for c in /sys/fs/cgroup/*/cgroup.procs; do mkdir -p "${c%/cgroup.procs}/$CG"; done
  until ctr -a /run/containerd/containerd.sock version >/dev/null 2>&1; do sleep 0.05; done; mark "containerd answers"
  for i in ${IMAGES:-}; do ctr -a /run/containerd/containerd.sock -n k8s.io images import "$i" >>"$log/import.log" 2>&1; mark "imported $i"; done
  : > resolv.conf
  cat > kubelet.yaml <<C
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NODE_IP
healthzBindAddress: 127.0.0.1
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /$CG
failSwapOn: false
clusterDomain: cluster.local
clusterDNS: [10.96.0.10]
resolvConf: $DIR/resolv.conf
podLogsDir: $DIR/podlogs
volumePluginDir: $DIR/volumeplugins
tlsCertFile: $P/kubelet-server.crt
tlsPrivateKeyFile: $P/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $P/ca.crt}}
authorization: {mode: Webhook}
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}
serializeImagePulls: false
registerNode: true
C
  start kubelet "$BIN/kubelet" --config="$DIR/kubelet.yaml" --kubeconfig=$P/kubelet.kubeconfig --root-dir="$DIR/kubelet" --hostname-override="$NODE" --node-ip="$NODE_IP" \
    --cert-dir="$DIR/kubelet-pki" ${KUBELET_ARGS:-}
  if [ "${PROXY_MODE:-}" != none ]; then
    start proxy "$BIN/kube-proxy" --kubeconfig=$P/proxy.kubeconfig --hostname-override="$NODE" --proxy-mode="${PROXY_MODE:-nftables}" --cluster-cidr=$POD_CIDR \
      --conntrack-max-per-core=0 --healthz-bind-address=127.0.0.1:10256 --metrics-bind-address=127.0.0.1:10249 ${PROXY_ARGS:-}
  fi
  until $K https://$NODE_IP:6443/api/v1/nodes/$NODE 2>/dev/null | tr -d ' \n' | grep -q '"status":"True","lastHeartbeatTime":[^}]*"reason":"KubeletReady"'; do sleep 0.05; done; mark "node Ready"
fi
if [ "$TIER" = node ] && [ "${DNS:-1}" = 1 ]; then
  cat > Corefile <<C
.:53 {
  bind $NODE_IP
  errors
  ready 127.0.0.1:8181
  kubernetes cluster.local in-addr.arpa ip6.arpa { 
    kubeconfig $P/admin.kubeconfig
    pods insecure
    ttl 5
  }
  cache 5
}
C
  start coredns "$COREDNS" -conf "$DIR/Corefile"
  A="$K -o /dev/null -H Content-Type:application/json -X POST"
  $A https://$NODE_IP:6443/api/v1/namespaces/kube-system/services -d '{"apiVersion":"v1","kind":"Service","metadata":{"name":"kube-dns"},"spec":{"clusterIP":"10.96.0.10","ports":[{"name":"dns","port":53,"protocol":"UDP"},{"name":"dns-tcp","port":53,"protocol":"TCP"}]}}'
  $A https://$NODE_IP:6443/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices -d '{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"kube-dns-host","labels":{"kubernetes.io/service-name":"kube-dns","endpointslice.kubernetes.io/managed-by":"kt"}},"addressType":"IPv4","endpoints":[{"addresses":["'$NODE_IP'"],"conditions":{"ready":true}}],"ports":[{"name":"dns","port":53,"protocol":"UDP"},{"name":"dns-tcp","port":53,"protocol":"TCP"}]}'
  mark "CoreDNS started, kube-dns Service made"
fi
if [ "$TIER" != api ]; then
  until $K -o /dev/null -w '%{http_code}' https://$NODE_IP:6443/api/v1/namespaces/default/serviceaccounts/default | grep -q 200; do sleep 0.05; done; mark "default ServiceAccount exists"
fi
touch "$DIR/ready"
trap 'exit 0' TERM INT
while :; do wait -n 2>/dev/null || sleep 1; done
