# SPDX-License-Identifier: Apache-2.0
noinst_HEADERS += \
	slowpath/ids.h \
	slowpath/mac.h \
	slowpath/slowpath.h \
	slowpath/xlate.h
