#!/usr/bin/env bash
# Two machines that are none: network namespaces with a wire between them, as fast as is asked for. Trains
# over it, compares the weights with those of one process, and cuts the wire in mid-run.
#
#   scripts/distributed_check.sh ZOO CONFIG [ARGUMENTS OF zoo train...]
#
# Needs root, Open MPI, and a zoo with the feature `mpi`.
set -euo pipefail
zoo="$(realpath "${1:?usage: distributed_check.sh ZOO CONFIG ...}")"
config="$(realpath "${2:?usage: distributed_check.sh ZOO CONFIG ...}")"
shift 2
work="$(mktemp -d)"
cd "$work"
tag="zoo$$"
# Names of interfaces have 15 letters at the most.
wire_a="va$$" wire_b="vb$$"

clean() {
    ip netns pids "$tag-a" 2>/dev/null | xargs -r kill -9 || true
    ip netns pids "$tag-b" 2>/dev/null | xargs -r kill -9 || true
    ip netns del "$tag-a" 2>/dev/null || true
    ip netns del "$tag-b" 2>/dev/null || true
    rm -rf "$work"
}
trap clean EXIT

ip netns add "$tag-a"
ip netns add "$tag-b"
ip link add "$wire_a" netns "$tag-a" type veth peer name "$wire_b" netns "$tag-b"
for side in a b; do
    wire="$wire_a"; address=10.77.0.1
    if [ "$side" = b ]; then wire="$wire_b"; address=10.77.0.2; fi
    ip -n "$tag-$side" address add "$address/24" dev "$wire"
    ip -n "$tag-$side" link set "$wire" up
    ip -n "$tag-$side" link set lo up
    # Else mpirun itself waits a quarter of an hour for what it has sent into a cut wire.
    ip netns exec "$tag-$side" sysctl -qw net.ipv4.tcp_retries2=5
done

# In place of ssh: a command in the other namespace, with a host name of its own.
cat >agent <<AGENT
#!/usr/bin/env bash
shift
exec ip netns exec "$tag-b" unshare --uts bash -c 'hostname node-b; exec bash -c "\$*"' _ "\$@"
AGENT
chmod +x agent
printf '10.77.0.1 slots=1\n10.77.0.2 slots=1\n' >hosts

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
train() { # RUN ARGUMENTS...
    local run="$1"
    shift
    ip netns exec "$tag-a" unshare --uts bash -c 'hostname node-a; exec "$@"' _ mpirun \
        --hostfile hosts -n 2 --map-by node --bind-to none --mca plm_rsh_agent "$work/agent" \
        --mca btl self,tcp --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 \
        --mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 2 \
        -x RAYON_NUM_THREADS=1 -x ZOO_RANK_TIMEOUT="${patience:-60}" \
        "$zoo" train "$config" --run-dir "$run" --threads 1 "$@"
}
hash() { sed -n 's/.*"weight_hash": "\(.*\)".*/\1/p' "$1/manifest.json"; }

"$zoo" train "$config" --run-dir alone --threads 1 -q "$@"
for rate in ${rates-none 1gbit 100mbit}; do
    if [ "$rate" != none ]; then
        for side in a b; do
            wire="$wire_a"
            if [ "$side" = b ]; then wire="$wire_b"; fi
            ip netns exec "$tag-$side" tc qdisc replace dev "$wire" root tbf rate "$rate" burst 256kb latency 50ms
        done
    fi
    train "at-$rate" "$@" 2>&1 | grep -v 'epoch\|^note'
    [ "$(hash "at-$rate")" = "$(hash alone)" ] || { echo "other weights at $rate"; exit 1; }
    echo "$rate: the weights of one process"
done

patience=5
train cut "$@" >cut.log 2>&1 &
job=$!
until [ -s cut/metrics.jsonl ]; do sleep 0.1; done
ip -n "$tag-b" link set "$wire_b" down
cut_at=$SECONDS
wait "$job" && { echo 'a job went on without a wire'; exit 1; }
echo "the wire cut: all ended after $((SECONDS - cut_at)) s"
grep '^error' cut.log || cat cut.log
left="$(ip netns pids "$tag-b" | wc -l)"
echo "$left processes left on the other side"
ip -n "$tag-b" link set "$wire_b" up
patience=60
train cut --resume "$@" 2>&1 | grep -v 'epoch\|^note'
[ "$(hash cut)" = "$(hash alone)" ] || { echo 'other weights after the cut'; exit 1; }
echo 'resumed: the weights of one process'
