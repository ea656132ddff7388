# Empties the resource's folders. Before is set
#   control      the path of the folder for what Waybill trusts
#   folder       the path of the resource's own
#   everything   not empty if all in folder is to go, else only the files
#   $@           the files
#
# The job still runs in control: package remote's files stay there, and so do
# both folders. Data that containers wrote may be another user's.
empty() {
	cd "$1"
	for file in * .[!.]* ..?*; do
		case $file in
		.waybill-*) ;;
		*) rm -rf -- "./$file" ;;
		esac
	done
}

empty "$control"
cd "$folder"
if [ -n "$everything" ]; then
	empty .
	rm -rf -- ./.waybill-*
else
	for file; do
		rm -rf -- "./$file"
	done
fi
left=$(ls -A)
if [ -n "$left" ]; then
	echo "Kept in $folder:"
	echo "$left"
fi
