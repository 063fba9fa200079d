#!/usr/bin/env bash
# What the tests want of the system: Chromium and a Chinese font, Java and Maven, promtool, libfaketime. As root on Debian
# it is installed; elsewhere one line says which tests are left out. Writes pytest's "and not …" for those to .build/system.stamp.
set -euo pipefail

mkdir -p .build
: > .build/system.log

has_font() { fc-list :lang=zh 2> /dev/null | grep -q .; }
has_browser() { command -v chromium > /dev/null && has_font; }
has_kafka() { command -v java > /dev/null && command -v mvn > /dev/null; }

wanted=()
command -v chromium > /dev/null || wanted+=(chromium)
has_font || wanted+=(fonts-noto-cjk fontconfig)
command -v java > /dev/null || wanted+=(default-jre-headless)
command -v mvn > /dev/null || wanted+=(maven)
command -v promtool > /dev/null || wanted+=(prometheus)
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' > /dev/null || wanted+=(libfaketime)

if [ "${#wanted[@]}" -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        echo "installing for the tests: ${wanted[*]}"
        # runlevel 1: what is installed is not started as a service
        { apt-get update && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${wanted[@]}"; } \
            >> .build/system.log 2>&1 || echo "apt-get failed; see .build/system.log"
    else
        echo "not installed here, only root on Debian does: ${wanted[*]}" | tee -a .build/system.log
    fi
fi

skip=""
has_browser || { echo "left out: tests in a browser (no chromium, or no Chinese font)"; skip+=" and not browser"; }
has_kafka || { echo "left out: tests on Apache Kafka (no java or mvn)"; skip+=" and not kafka"; }
command -v promtool > /dev/null || echo "left out: tests of the alert rules (no promtool)"
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' > /dev/null || echo "not so hard: hosts with wrong clocks (no libfaketime)"
printf '%s' "$skip" > .build/system.stamp
