# Empties the resource's folder. Before is set
#   folder       its path
#   everything   not empty if all in it is to go, else only the files
#   $@           the files
#
# The job still runs in the folder: what package remote keeps there stays, and
# so does the folder. Data that containers wrote may be another user's.
cd "$folder"
if [ -n "$everything" ]; then
	for file in * .[!.]* ..?*; do
		case $file in
		.waybill-*) ;;
		*) rm -rf -- "./$file" ;;
		esac
	done
else
	for file; do
		rm -rf -- "./$file" "./$file.waybill-new"
	done
fi
left=$(ls -A | grep -v '^\.waybill-' || :)
if [ -n "$left" ]; then
	echo "Kept in $folder:"
	echo "$left"
fi
