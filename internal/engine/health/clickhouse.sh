# At the container's own address: while init scripts run, the server listens on
# loopback only. The file has the user and the password.
read -r host </etc/hostname
exec clickhouse-client --config-file=/waybill/client.xml --host="$host" --query='SELECT 1'
