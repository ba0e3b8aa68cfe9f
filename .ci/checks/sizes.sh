# No file of C above 800 lines, no function above 100.

awk '
	FNR == 1 { start = 0 }
	FNR == 801 { print FILENAME ": more than 800 lines"; bad = 1 }
	/^\{/ { start = FNR; name = previous }
	/^\}/ && start {
		if (FNR - start + 1 > 100) {
			print FILENAME ":" start ": " FNR - start + 1 " lines: " name
			bad = 1
		}
		start = 0
	}
	/^[a-z_]+\(/ { previous = $0 }
	END { exit bad }
' $(find src -name '*.[ch]' | sort)
