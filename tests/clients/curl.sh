# Sourced by each service's curl.sh: curl as the documents call it. The server is KLINK_CLIENT_URL
# (scheme, host, port), the key KLINK_CLIENT_KEY. Every answer is printed with status and headers.
# Bash.
set -euo pipefail
: "${KLINK_CLIENT_URL:?is the server to call}" "${KLINK_CLIENT_KEY?is the key to use}"

curl() {
    command curl --disable --silent --show-error --include --write-out '\n' "$@"
}
