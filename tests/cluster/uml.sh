#!/bin/bash
# Runs test_nfs.py in a User-Mode Linux, for machines whose own kernel cannot mount NFS.
# Usage: tests/cluster/uml.sh PYTHON. Needs root, and Debian's user-mode-linux and kmod.
if [ $$ != 1 ]; then
    modules=$(mktemp -d)
    mkdir "$modules/lib" && ln -s /usr/lib/uml/modules "$modules/lib/modules"
    linux.uml mem=1500M rootfstype=hostfs rw quiet con=null con0=fd:0,fd:1 \
        init="$(realpath "$0")" PYTHON="$(realpath -s "$1")" MODULES="$modules" </dev/null
    status=$(cat "$modules/status")
    rm -r "$modules"
    exit "${status:-1}"
fi

# from here on, as its first process; the files are those of the machine
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/mnt PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc && mount -t sysfs sys /sys
mount -t tmpfs tmp /mnt && mount -t tmpfs tmp /run && mkdir -p /run/ganesha
modprobe -d "$MODULES" -a nfsv4 dummy
ip link set lo up
# Ganesha refuses 127.0.0.1 where there is no other address
ip link add other type dummy && ip addr add 10.0.0.1/24 dev other && ip link set other up
cd "$(dirname "$0")/../.." || exit
"$PYTHON" -m pytest -p no:cacheprovider --basetemp=/mnt/t tests/cluster/test_nfs.py
echo $? >"$MODULES/status"
echo o >/proc/sysrq-trigger
sleep 60
