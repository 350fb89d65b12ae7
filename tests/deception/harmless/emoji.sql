select 1 -- done 👍 🎉 🚀 😀
