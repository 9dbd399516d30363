// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"time"
)

// h2: net/http on one processor, a deadline for each request.
func serve() {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(-1)
		return
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	handler := func(reply http.ResponseWriter, request *http.Request) {
		ctx, cancel := context.WithTimeout(request.Context(), 10*time.Second)
		defer cancel()
		if ctx.Err() == nil {
			fmt.Fprintln(reply, "ok")
		}
	}
	http.Serve(listener, http.HandlerFunc(handler))
}
