# done 👍 🎉 🚀 😀
x = 1
