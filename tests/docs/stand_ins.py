"""What stands in, on a Debian without systemd and without a name on the Internet, for programs that need them.

Each is a program in /usr/local/sbin, where the shell finds it first, so the page's commands are run as printed.
"""

# The real systemctl enables services all the same, and refuses names it does not know. What it would start is started
# here from the unit as it was installed: by its user, with none of root's powers, nothing to write to but /srv/solo and
# a /tmp of its own, and again whenever it ends. What the unit says beyond that is not tried.
SYSTEMCTL = r"""#!/bin/sh
set -e
case "$*" in
daemon-reload) exit ;;
"start solo" | "restart solo") ;;
*) exec /usr/bin/systemctl "$@" ;;
esac
unit=/etc/systemd/system/solo.service
/usr/bin/systemctl is-enabled --quiet solo
systemd-analyze verify $unit
if [ "$1" = restart ]; then
    pid=$(cat /srv/solo/current/var/run/supervisord.pid)
    kill $pid
    while kill -0 $pid 2>/dev/null; do sleep 0.1; done
else
    user=$(sed -n 's/^User=//p' $unit)
    for writable in $(sed -n 's/^ReadWritePaths=//p' $unit); do own="$own mount --bind $writable $writable;"; done
    cat >/run/solo-start <<END
set -e
mount --make-rprivate /
$own
mount -o remount,bind,ro /
for folder in /tmp /home /root; do mount -t tmpfs tmpfs \$folder; done
chmod 1777 /tmp
cd /
exec setpriv --reuid $user --regid $user --init-groups --no-new-privs --inh-caps=-all --bounding-set=-all \\
    $(sed -n 's/^ExecStart=//p' $unit)
END
    setsid sh -c 'while :; do unshare --mount sh /run/solo-start; sleep 1; done' </dev/null >/run/solo-start.txt 2>&1 &
fi
# A person needs longer than this to type the next command.
for attempt in $(seq 300); do
    if curl --silent --fail --output /dev/null http://localhost:8000/api/v1/health/live; then exit 0; fi
    sleep 0.1
done
echo "solo has not started" >&2
cat /run/solo-start.txt >&2
exit 1
"""

# Nobody outside vouches for api.example.com. The real certbot reads its options and asks for an account, at an address
# where nobody listens; then its files are made as it would have made them, and its hook is run.
CERTBOT = r"""#!/bin/sh
set -e
if /usr/bin/certbot "$@" --server https://127.0.0.1:9/directory >/tmp/certbot.txt 2>&1; then exit 1; fi
grep --quiet 'Connection refused' /tmp/certbot.txt || { cat /tmp/certbot.txt; exit 1; }
while [ $# -gt 0 ]; do
    case "$1" in
    --domain) name=$2 ;;
    --webroot-path) webroot=$2 ;;
    --deploy-hook) hook=$2 ;;
    esac
    shift
done
mkdir -p $webroot/.well-known/acme-challenge
echo 'I am here' >$webroot/.well-known/acme-challenge/proof
curl --silent --fail --location --insecure --resolve $name:80:127.0.0.1 --resolve $name:443:127.0.0.1 \
    http://$name/.well-known/acme-challenge/proof | grep --quiet 'I am here'
mkdir -p /etc/letsencrypt/live/$name
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$name -addext subjectAltName=DNS:$name \
    -keyout /etc/letsencrypt/live/$name/privkey.pem -out /etc/letsencrypt/live/$name/fullchain.pem 2>/dev/null
$hook
"""

STAND_INS = {"systemctl": SYSTEMCTL, "certbot": CERTBOT}
