print("done 👍 🎉 🚀 😀")
